// Whether an interval is covered: it has a manifest under the settings in force, and the object that is
// stored under its key is the one that the manifest names.
import { coverFieldsOf, coversInterval } from '../../workflows/model/cover.ts';
import type { Found, Manifest } from '../../workflows/model/manifest.ts';
import type { Target } from '../../workflows/export/contract.ts';
import type { OpenedDestination } from '../runtime/stage-tools.ts';
import type { ObjectHead } from '../../store/object-store.ts';
import { keyOf } from './file-key.ts';
import { readManifest } from './read-manifest.ts';

export interface Cover {
  /** The manifest that is stored under the key, whatever its settings; null when there is none. */
  found: Found<Manifest> | null;
  /** The ETag of `found`. */
  manifestEtag: string | null;
  /** The manifest, when it covers the interval and its file is stored; else null. */
  manifest: Manifest | null;
  storedHead: ObjectHead | null;
}

/** @throws UnreadableRecordError when the manifest's key holds something else */
export async function findCover(
  opened: OpenedDestination,
  target: Target,
  signal: AbortSignal,
): Promise<Cover> {
  const key = keyOf(target);
  const [stored, storedHead] = await Promise.all([
    readManifest(opened, key, signal),
    opened.store.head({ key, signal }),
  ]);
  const found = stored?.value ?? null;
  const manifestEtag = stored?.etag ?? null;
  const covering = coveringOf(opened, target, found);
  const manifest = covering !== null && isOf(covering, storedHead) ? covering : null;
  return { found, manifestEtag, storedHead, manifest };
}

/** Returns the manifest when it covers the interval, without checking that its file is stored. */
export async function findManifestOf(
  opened: OpenedDestination,
  target: Target,
  signal: AbortSignal,
): Promise<Manifest | null> {
  const stored = await readManifest(opened, keyOf(target), signal);
  return coveringOf(opened, target, stored?.value ?? null);
}

function coveringOf(
  { destination }: OpenedDestination,
  target: Target,
  found: Found<Manifest> | null,
): Manifest | null {
  if (found === null) return null;
  return coversInterval(found, coverFieldsOf(target, destination.bucket)) ? found : null;
}

/**
 * A manifest is valid while the stored object is the one it names, or while it says that there is no file and
 * none is stored.
 */
function isOf(manifest: Manifest, storedHead: ObjectHead | null): boolean {
  if (!manifest.file_written) return storedHead === null;
  return storedHead !== null && storedHead.etag === manifest.etag && storedHead.size === manifest.size_bytes;
}

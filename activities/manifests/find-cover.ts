// Whether an interval is covered: it has a manifest, and the object that lies under its key is the one that the manifest names.
import { type Manifest } from '../../workflows/model/manifest.ts';
import { type OpenedDestination } from '../stage-tools.ts';
import { type ObjectHead } from '../store/object-store.ts';
import { readManifest } from './read-manifest.ts';

export interface Cover {
  manifest: Manifest | null;
  /** Of the manifest; null when there is none. */
  manifestEtag: string | null;
  there: ObjectHead | null;
  isCovered: boolean;
}

export async function findCover(opened: OpenedDestination, key: string, signal: AbortSignal): Promise<Cover> {
  const [stored, there] = await Promise.all([
    readManifest(opened, key, signal),
    opened.store.head({ key, signal }),
  ]);
  const manifest = stored?.value ?? null;
  const manifestEtag = stored?.etag ?? null;
  return { manifest, manifestEtag, there, isCovered: manifest !== null && isOf(manifest, there) };
}

/** A manifest is valid while the object it names is the one that lies there, or while it says that there is none. */
function isOf(manifest: Manifest, there: ObjectHead | null): boolean {
  if (!manifest.file_written) return there === null;
  return there !== null && there.etag === manifest.etag && there.size === manifest.size_bytes;
}

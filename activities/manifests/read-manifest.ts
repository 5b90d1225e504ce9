// Reads the manifest of a file, and the pointer to a stream's newest interval, from the destination's store,
// each with the ETag over which alone it may be replaced.
import { latestKeyOf, manifestKeyOf } from '../../workflows/model/manifest.ts';
import type { Found, LatestPointer, Manifest } from '../../workflows/model/manifest.ts';
import type { OpenedDestination } from '../runtime/stage-tools.ts';
import type { CallLimits } from '../../store/object-store.ts';
import {
  MANIFEST_BYTES_MAX,
  parseFoundLatest,
  parseFoundManifest,
  pointerInMetadata,
} from './manifest-record.ts';

export interface Stored<Kind> {
  value: Kind;
  etag: string;
}

/**
 * Null when there is none. What is found may be of other settings, or lack fields: workflows/model/cover.ts
 * says what it covers.
 */
export function readManifest(
  opened: OpenedDestination,
  key: string,
  signal: AbortSignal,
): Promise<Stored<Found<Manifest>> | null> {
  const manifestKey = manifestKeyOf(opened.destination.manifestPrefix, key);
  return readRecord(opened, { key: manifestKey, parse: parseFoundManifest }, { signal });
}

/** Null when no interval of a stream of that name was completed yet. */
export function readLatest(
  opened: OpenedDestination,
  stream: string,
  asking: CallLimits,
): Promise<Stored<Found<LatestPointer>> | null> {
  const latestKey = latestKeyOf(opened.destination.manifestPrefix, stream);
  return readRecord(opened, { key: latestKey, parse: parseFoundLatest }, asking);
}

/**
 * What `readLatest` finds, by the object's head where that says it: a head costs a store and us two thirds of
 * what an object does, and who asks for a thousand waits for them. Null as well when there is no such bucket:
 * a head cannot tell.
 */
export async function headLatest(
  opened: OpenedDestination,
  stream: string,
  asking: CallLimits,
): Promise<Found<LatestPointer> | null> {
  const key = latestKeyOf(opened.destination.manifestPrefix, stream);
  const head = await opened.store.head({ key, ...asking });
  if (head === null) return null;
  return pointerInMetadata(head.metadata) ?? (await readLatest(opened, stream, asking))?.value ?? null;
}

async function readRecord<Kind>(
  { store }: OpenedDestination,
  { key, parse }: { key: string; parse: (bytes: Buffer, key: string) => Kind },
  asking: CallLimits,
): Promise<Stored<Kind> | null> {
  for (let isSecondLook = false; ; isSecondLook = true) {
    const stored = await store.getObject({ key, bytesMax: MANIFEST_BYTES_MAX, ...asking });
    if (stored === null) return null;
    try {
      return { value: parse(stored.body, key), etag: stored.etag };
    } catch (error) {
      // An unreadable record ends the run for good, so it is not judged by one answer, which may have been
      // damaged on its way.
      if (isSecondLook) throw error;
    }
  }
}

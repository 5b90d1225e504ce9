// Reads the manifest of a file, and the pointer to a stream's newest interval, from the destination's store.
// Each comes with its ETag, and may only be replaced while that ETag is current.
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
 * Null when there is none. The manifest may be from other settings or lack fields; workflows/model/cover.ts
 * decides what it covers.
 */
export function readManifest(
  opened: OpenedDestination,
  key: string,
  signal: AbortSignal,
): Promise<Stored<Found<Manifest>> | null> {
  const manifestKey = manifestKeyOf(opened.destination.manifestPrefix, key);
  return readRecord(opened, { key: manifestKey, parse: parseFoundManifest }, { signal });
}

/** Null when no interval of a stream with that name has been completed yet. */
export function readLatest(
  opened: OpenedDestination,
  stream: string,
  asking: CallLimits,
): Promise<Stored<Found<LatestPointer>> | null> {
  const latestKey = latestKeyOf(opened.destination.manifestPrefix, stream);
  return readRecord(opened, { key: latestKey, parse: parseFoundLatest }, asking);
}

/**
 * Like `readLatest`, but reads only the object's head when its metadata is enough. A head costs two thirds of
 * reading the object, which matters to a person who waits for a thousand. Null also when the bucket does not
 * exist: a head cannot tell.
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
      // An unreadable record fails the run for good, so it is read twice: one answer may have been damaged in
      // transit.
      if (isSecondLook) throw error;
    }
  }
}

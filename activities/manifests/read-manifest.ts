// Reads the manifest of a file, and the pointer to a stream's newest interval, from the destination's store.
import {
  latestKeyOf,
  manifestKeyOf,
  type LatestPointer,
  type Manifest,
} from '../../workflows/model/manifest.ts';
import { type OpenedDestination } from '../stage-tools.ts';
import { MANIFEST_BYTES_MAX, parseLatest, parseManifest } from './manifest-record.ts';

/** Null when there is none: the file of that key is not complete. */
export async function readManifest(
  { store, destination }: OpenedDestination,
  key: string,
  signal: AbortSignal,
): Promise<Manifest | null> {
  const manifestKey = manifestKeyOf(destination.manifestPrefix, key);
  const bytes = await store.getObject({ key: manifestKey, bytesMax: MANIFEST_BYTES_MAX, signal });
  return bytes === null ? null : parseManifest(bytes, manifestKey);
}

/** Null when no interval of the stream was completed yet. */
export async function readLatest(
  { store, destination }: OpenedDestination,
  stream: string,
  signal: AbortSignal,
): Promise<LatestPointer | null> {
  const latestKey = latestKeyOf(destination.manifestPrefix, stream);
  const bytes = await store.getObject({ key: latestKey, bytesMax: MANIFEST_BYTES_MAX, signal });
  return bytes === null ? null : parseLatest(bytes, latestKey);
}

// What tests of backfills and audits have in common: hours of one stream, one after another, and what the
// store holds of each.
import { intervalsIn } from '../../workflows/model/interval-range.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { HOUR, HOUR_MS } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { storedManifestKeyOf } from '../../local/file-keys.ts';

const MANIFEST_BYTES_MAX = 65_536;

/** From the hour of the tests on. */
export function hours(count: number): Interval {
  return { startMs: HOUR.startMs, endMs: HOUR.startMs + count * HOUR_MS };
}

export function hour(index: number): Interval {
  return { startMs: HOUR.startMs + index * HOUR_MS, endMs: HOUR.endMs + index * HOUR_MS };
}

/** Null where there is no manifest. */
export function manifestsOf(
  bench: ExportBench,
  stream: StreamDefinition,
  range: Interval,
): Promise<(Manifest | null)[]> {
  return Promise.all(
    [...intervalsIn(stream, range)].map(async (interval) => {
      const key = storedManifestKeyOf(stream, interval);
      const stored = await bench.store.getObject({ key, bytesMax: MANIFEST_BYTES_MAX });
      return stored === null ? null : (JSON.parse(stored.body.toString()) as Manifest);
    }),
  );
}

/** Null where there is no manifest. */
export async function generationsOf(
  bench: ExportBench,
  stream: StreamDefinition,
  range: Interval,
): Promise<(number | null)[]> {
  const manifests = await manifestsOf(bench, stream, range);
  return manifests.map((manifest) => manifest?.generation ?? null);
}

// Reads the newest complete intervals of many streams from their stores. When a store fails, the problem is
// reported for each of its streams, and that store is not asked again. Other streams are not affected.
import { pointsAt } from '../../workflows/model/cover.ts';
import { destinationsOf } from '../../workflows/watch/lateness.ts';
import type { FoundLatest } from '../../workflows/watch/lateness.ts';
import type { Found, LatestPointer } from '../../workflows/model/manifest.ts';
import type { StreamDefinition } from '../../workflows/model/stream.ts';
import { inLanes } from '../../streams/in-lanes.ts';
import { headLatest, readLatest } from '../manifests/read-manifest.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import type { CallLimits } from '../../store/object-store.ts';
import { UnreadableRecordError } from '../runtime/stage-errors.ts';

/** The objects are small. More at once are no faster on two processors. */
const READS_AT_ONCE = 32;

/** A person waits for all answers. */
const SILENT_MS_MAX = 5_000;

/** Returns each stream of `of` in its order, with what was found for it. */
export async function readLatestIntervals<Of extends { stream: StreamDefinition }>(
  tools: StageTools,
  of: readonly Of[],
  run: StageRun,
): Promise<(Of & FoundLatest)[]> {
  /** The error of each failed destination. */
  const down = new Map<string, string>();
  const answering = new Set<string>();
  // The time-out is a limit of the call, and not a signal for each call: a thousand signals took a tenth of
  // the whole time.
  const asking = { signal: run.signal, silentMsMax: SILENT_MS_MAX };
  const bucketOf = (name: string) => tools.destinations.get(name)?.destination.bucket;
  return inLanes(of, READS_AT_ONCE, async (each) => {
    const { name } = each.stream;
    for (const destination of destinationsOf(each.stream)) {
      const problem = down.get(destination);
      if (problem !== undefined) return { ...each, latest: null, problem };
      try {
        const latest = await readOne(tools, { name, destination, answering }, asking);
        // A pointer left for another project or for other files under this stream's name is ignored.
        if (latest !== null && pointsAt(latest, each.stream, bucketOf))
          return { ...each, latest, problem: null };
      } catch (error) {
        run.signal.throwIfAborted();
        const reported = tools.hide(`destination ${destination}: ${messageOf(error)}`);
        if (!(error instanceof UnreadableRecordError)) down.set(destination, reported);
        return { ...each, latest: null, problem: reported };
      }
    }
    return { ...each, latest: null, problem: null };
  });
}

async function readOne(
  tools: StageTools,
  { name, destination, answering }: { name: string; destination: string; answering: Set<string> },
  asking: CallLimits,
): Promise<Found<LatestPointer> | null> {
  const opened = openDestination(tools, destination);
  const latest = await headLatest(opened, name, asking);
  if (latest !== null || answering.has(destination)) return latest;
  // A head that finds nothing may mean that the bucket does not exist. So the object is read, until one such
  // read has proved that the bucket exists.
  const read = await readLatest(opened, name, asking);
  answering.add(destination);
  return read?.value ?? null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

// The newest complete intervals of many streams, as their stores name them. A store that cannot be used is
// said of each of its streams, and holds up none of the others: once it has failed it is not asked again.
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

/** Small objects each; more at once are no faster on two processors. */
const READS_AT_ONCE = 32;

/** A person waits for all of them. */
const SILENT_MS_MAX = 5_000;

/** In the order of `of`, each with what was found for its stream. */
export async function readLatestIntervals<Of extends { stream: StreamDefinition }>(
  tools: StageTools,
  of: readonly Of[],
  run: StageRun,
): Promise<(Of & FoundLatest)[]> {
  /** By destination: what it failed with. */
  const down = new Map<string, string>();
  const answering = new Set<string>();
  // Not a signal with a time-out of its own for each: a thousand of them cost a tenth of the whole.
  const asking = { signal: run.signal, silentMsMax: SILENT_MS_MAX };
  const bucketOf = (name: string) => tools.destinations.get(name)?.destination.bucket;
  return inLanes(of, READS_AT_ONCE, async (each) => {
    const { name } = each.stream;
    for (const destination of destinationsOf(each.stream)) {
      const problem = down.get(destination);
      if (problem !== undefined) return { ...each, latest: null, problem };
      try {
        const latest = await readOne(tools, { name, destination, answering }, asking);
        // A pointer that a stream of this name left for another project, or for other files, says nothing of
        // this one.
        if (latest !== null && pointsAt(latest, each.stream, bucketOf))
          return { ...each, latest, problem: null };
      } catch (error) {
        run.signal.throwIfAborted();
        const told = tools.hide(`destination ${destination}: ${messageOf(error)}`);
        if (!(error instanceof UnreadableRecordError)) down.set(destination, told);
        return { ...each, latest: null, problem: told };
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
  // A head that finds nothing may mean that there is no such bucket: the object is asked for, until that was
  // said to be another matter.
  const read = await readLatest(opened, name, asking);
  answering.add(destination);
  return read?.value ?? null;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

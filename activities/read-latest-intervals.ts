// The newest complete intervals of many streams, as their stores name them. A store that cannot be used is said of each of its streams, and
// holds up none of the others: once it has failed it is not asked again.
import { destinationsOf, type FoundLatest } from '../workflows/model/lateness.ts';
import { type StreamDefinition } from '../workflows/model/stream.ts';
import { inLanes } from './in-lanes.ts';
import { readLatest } from './manifests/read-manifest.ts';
import { UnreadableRecordError } from './manifests/manifest-record.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

/** Small objects each; more at once are no faster on two processors. */
const READS_AT_ONCE = 32;

/** A person waits for all of them. */
const READ_WITHIN_MS = 5_000;

/** In the order of `of`, each with what was found for its stream. */
export async function readLatestIntervals<Of extends { stream: StreamDefinition }>(
  tools: StageTools,
  of: readonly Of[],
  run: StageRun,
): Promise<(Of & FoundLatest)[]> {
  /** By destination: what it failed with. */
  const down = new Map<string, string>();
  return inLanes(of, READS_AT_ONCE, async (each) => {
    const { name } = each.stream;
    for (const destination of destinationsOf(each.stream)) {
      const problem = down.get(destination);
      if (problem !== undefined) return { ...each, latest: null, problem };
      try {
        const latest = await readOne(tools, { name, destination }, run);
        if (latest !== null) return { ...each, latest, problem: null };
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
  { name, destination }: { name: string; destination: string },
  run: StageRun,
): Promise<FoundLatest['latest']> {
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(READ_WITHIN_MS)]);
  return (await readLatest(openDestination(tools, destination), name, signal))?.value ?? null;
}

function messageOf(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError')
    return `its store does not answer within ${READ_WITHIN_MS / 1000} s`;
  return error instanceof Error ? error.message : String(error);
}

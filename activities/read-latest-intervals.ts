// The newest complete intervals of many streams, as their stores name them. A store that cannot be used is said of each of its streams, and
// holds up none of the others: once it has failed it is not asked again.
import { type FoundLatest, type LatestRequest } from '../workflows/model/lateness.ts';
import { inLanes } from './in-lanes.ts';
import { readLatest } from './manifests/read-manifest.ts';
import { UnreadableRecordError } from './manifests/manifest-record.ts';
import { type StageRun } from './run-stage.ts';
import { openDestination, type StageTools } from './stage-tools.ts';

/** Small objects each; more at once are no faster on two processors. */
const READS_AT_ONCE = 32;

/** A person waits for all of them. */
const READ_WITHIN_MS = 5_000;

export async function readLatestIntervals(
  tools: StageTools,
  { streams }: LatestRequest,
  run: StageRun,
): Promise<FoundLatest[]> {
  /** By destination: what it failed with. */
  const down = new Map<string, string>();
  return inLanes(streams, READS_AT_ONCE, async ({ name, destinations }) => {
    for (const destination of destinations) {
      const problem = down.get(destination);
      if (problem !== undefined) return { stream: name, latest: null, problem };
      try {
        const latest = await readOne(tools, { name, destination }, run);
        if (latest !== null) return { stream: name, latest, problem: null };
      } catch (error) {
        run.signal.throwIfAborted();
        const told = tools.hide(`destination ${destination}: ${messageOf(error)}`);
        if (!(error instanceof UnreadableRecordError)) down.set(destination, told);
        return { stream: name, latest: null, problem: told };
      }
    }
    return { stream: name, latest: null, problem: null };
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

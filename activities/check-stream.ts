// Whether a stream could run, asked before it is created: its fields, that this worker knows its destinations, and that their buckets
// can be reached. Returns what is wrong as sentences; only what cannot be judged is thrown.
import { type StreamCheck } from '../workflows/model/stages.ts';
import { type StreamDefinition } from '../workflows/model/stream.ts';
import { streamProblems } from '../workflows/model/stream-problems.ts';
import { type StageRun } from './run-stage.ts';
import { InvalidRequestError } from './stage-errors.ts';
import { openDestination, type StageTools } from './stage-tools.ts';
import { StoreError } from './store/store-errors.ts';

export async function checkStream(
  tools: StageTools,
  stream: StreamDefinition,
  run: StageRun,
): Promise<StreamCheck> {
  const problems = streamProblems(stream);
  const destinations = new Set(stream.revisions.map(({ settings }) => settings.destination));
  for (const name of destinations) {
    const problem = await destinationProblem(tools, name, run.signal);
    if (problem !== undefined) problems.push(problem);
  }
  return { problems };
}

async function destinationProblem(
  tools: StageTools,
  name: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { store } = openDestination(tools, name);
    await store.checkBucket({ signal });
    return undefined;
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.message;
    if (error instanceof StoreError)
      return `destination: got "${name}", whose bucket cannot be used: ${error.message}`;
    throw error;
  }
}

// Asks a worker for the status of every stream. The command prints it.
import { UnreadableStreamError } from '../streams/stream-record.ts';
import { toUnreadableStatus } from '../workflows/questions/status-contract.ts';
import type {
  ListPlace,
  StatusAnswer,
  StatusRequest,
  StreamState,
  StreamStatus,
  UnreadableStream,
} from '../workflows/questions/status-contract.ts';
import { askWorker } from './ask-worker.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError } from './exit-codes.ts';
import { readStream } from './streams.ts';

/** This is longer than the time that the workflow gives its activity. */
const TIMEOUT_MS = 3 * 60_000;

/** This many streams with their notes fit into one Temporal payload of 2 MB. */
const ROWS_MAX = 1_250;

/**
 * Returns the named streams, or all streams when no name is given.
 * @throws CommandError (not found) for an unknown stream.
 */
export async function readStatus(
  connected: Connected,
  names: readonly string[],
  rowsMax = ROWS_MAX,
): Promise<StreamStatus[]> {
  const rows = names.length === 0 ? await askForAll(connected, rowsMax) : await askFor(connected, names);
  return rows.sort((a, b) => (a.stream < b.stream ? -1 : 1));
}

async function askFor(connected: Connected, names: readonly string[]): Promise<StreamStatus[]> {
  const states: StreamState[] = [];
  const unreadable: StreamStatus[] = [];
  const found = await Promise.all([...new Set(names)].map((name) => readOrSay(connected, name)));
  for (const one of found) {
    if ('stream' in one) states.push(one);
    else unreadable.push(toUnreadableStatus(one));
  }
  if (states.length === 0) return unreadable;
  const { rows } = await ask(connected, { states }, `the status of ${states.length} streams`);
  return [...rows, ...unreadable];
}

/**
 * Returns the stream, or the reason why its schedule cannot be read. An unreadable schedule does not block
 * the other streams.
 */
async function readOrSay(connected: Connected, name: string): Promise<StreamState | UnreadableStream> {
  try {
    return await readStream(connected, name);
  } catch (error) {
    if (!(error instanceof CommandError) || !(error.cause instanceof UnreadableStreamError)) throw error;
    return { name, problem: error.message };
  }
}

async function askForAll(connected: Connected, rowsMax: number): Promise<StreamStatus[]> {
  const rows: StreamStatus[] = [];
  let from: ListPlace = null;
  do {
    const answer: StatusAnswer = await ask(connected, { from, rowsMax }, 'the status of all streams');
    rows.push(...answer.rows);
    from = answer.rest;
  } while (from !== null);
  return rows;
}

function ask(connected: Connected, request: StatusRequest, summary: string): Promise<StatusAnswer> {
  return askWorker<StatusAnswer>(connected, {
    workflow: 'streamStatus',
    request,
    summary,
    timeoutMs: TIMEOUT_MS,
  });
}

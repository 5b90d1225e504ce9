// Opens the stream of finished rooms of one range: raw bytes as ClickHouse emits them, never parsed here. Closing the answer early, or
// cancelling, ends the query on the server, too: a client that hangs up is not always noticed there.
import { addAbortSignal, type Readable } from 'node:stream';
import { type FieldSet } from '../../workflows/model/stream.ts';
import { type HistoryReader } from './history-reader.ts';
import { toRoomsStatement, type RoomsRange } from './rooms-query.ts';

export interface RoomsToOpen {
  range: RoomsRange;
  fields: FieldSet;
  /** The id under which the query is known to the server. */
  queryId: string;
  signal: AbortSignal;
}

export interface OpenedRooms {
  /** Rejects with the signal's reason when the signal is aborted while it is read. */
  chunks: AsyncIterable<Buffer>;
  /** Marks an error in mid-stream: the answer's status was sent before it happened. Undefined when the server sent none. */
  exceptionTag: string | undefined;
  /** Lets go of the answer; one that was not read to its end is ended on the server, too. */
  close(): Promise<void>;
}

export async function openRooms(history: HistoryReader, rooms: RoomsToOpen): Promise<OpenedRooms> {
  const { queryId, signal } = rooms;
  const statement = toRoomsStatement(rooms.range, rooms.fields);
  let isOver = false;
  try {
    const answer = await history.client.exec({ ...statement, query_id: queryId, abort_signal: signal });
    const stream: Readable = addAbortSignal(signal, answer.stream);
    stream.once('end', () => (isOver = true));
    const tag = answer.response_headers['x-clickhouse-exception-tag'];
    return {
      chunks: stream,
      exceptionTag: typeof tag === 'string' ? tag : undefined,
      async close() {
        stream.destroy();
        if (!isOver) await history.killQuery(queryId);
      },
    };
  } catch (error) {
    // Cancelled before the first byte: the server may be at work on it.
    if (signal.aborted) await history.killQuery(queryId);
    throw error;
  }
}

// Opens the stream of finished rooms of one range: raw bytes as ClickHouse emits them, never parsed here. Closing the answer early
// ends the query on the server, too.
import { type Readable } from 'node:stream';
import { type FieldSet, type FileFormat } from '../../workflows/model/stream.ts';
import { type HistoryReader } from './history-reader.ts';
import { toRoomsStatement, type RoomsRange } from './rooms-query.ts';

export interface RoomsToOpen {
  range: RoomsRange;
  fields: FieldSet;
  format: FileFormat;
  /** The id under which the query is known to the server. */
  queryId: string;
  signal: AbortSignal;
}

export interface OpenedRooms {
  chunks: AsyncIterable<Buffer>;
  /** Marks an error in mid-stream: the answer's status was sent before it happened. Undefined when the server sent none. */
  exceptionTag: string | undefined;
  close(): void;
}

export async function openRooms(history: HistoryReader, rooms: RoomsToOpen): Promise<OpenedRooms> {
  const statement = toRoomsStatement(rooms.range, {
    fields: rooms.fields,
    separator: rooms.format === 'json' ? ',' : '',
  });
  const answer = await history.client.exec({
    ...statement,
    query_id: rooms.queryId,
    abort_signal: rooms.signal,
  });
  const stream: Readable = answer.stream;
  const tag = answer.response_headers['x-clickhouse-exception-tag'];
  return {
    chunks: stream,
    exceptionTag: typeof tag === 'string' ? tag : undefined,
    close: () => stream.destroy(),
  };
}

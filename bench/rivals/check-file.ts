// Notices a wrong result: reads the file of a contender back from the store and compares it with our file.
// Counts and texts must be equal; sums of quantities may differ by what roundings of halves make, and by no
// more.
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import type { StackAddresses } from '../../local/stack.ts';
import { readStatement } from '../../clickhouse/read-statement.ts';
import { ofStore } from './sql-statements.ts';

const sumsSchema = z.object({
  rooms: z.number(),
  users: z.number(),
  peers: z.number(),
  room_texts: z.string(),
  peer_texts: z.string(),
  client_texts: z.string(),
  room_order: z.string(),
  rooms_without_score: z.number(),
  room_mos: z.number(),
  room_score: z.number(),
  room_call_setup_time: z.number(),
  room_audio_packet_loss: z.number(),
  room_video_send_bitrate: z.number(),
  peer_mos: z.number(),
  peer_audio_recv_score: z.number(),
  peer_audio_send_rtt: z.number(),
  peer_video_send_mos: z.number(),
  peer_video_recv_jitter: z.number(),
});

export type FileSums = z.infer<typeof sumsSchema>;

type Field = keyof FileSums;

/**
 * By how much sums may differ, as a share of ours; every other field must be equal. Rivals round halves of
 * floats to even, we round halves of exact millionths up, and a mean of two whole kbit/s is often a half.
 */
const TOLERANCES: Partial<Record<Field, number>> = {
  room_mos: 1e-4,
  room_score: 1e-3,
  room_call_setup_time: 1e-3,
  room_audio_packet_loss: 1e-3,
  room_video_send_bitrate: 1e-3,
  peer_mos: 1e-4,
  peer_audio_recv_score: 1e-3,
  peer_audio_send_rtt: 1e-3,
  peer_video_send_mos: 1e-4,
  peer_video_recv_jitter: 1e-3,
};

/**
 * Reads the sums of the first `rooms` rooms of a file. Rejects with the client's error when the file is none
 * of rooms.
 */
export async function readSums(
  connection: ClickHouseClient,
  store: StackAddresses['store'],
  { key, rooms }: { key: string; rooms: number },
): Promise<FileSums> {
  const answer = await connection.query({
    query: readStatement(new URL('check-file.sql', import.meta.url)),
    query_params: { ...ofStore(store, key), rooms },
    format: 'JSONEachRow',
    clickhouse_settings: {
      // A limit takes the first rooms of a file only when one thread reads it.
      max_threads: 1,
      input_format_skip_unknown_fields: 1,
      input_format_json_ignore_unknown_keys_in_named_tuple: 1,
      input_format_json_read_objects_as_strings: 1,
      output_format_json_quote_64bit_integers: 0,
    },
  });
  const [sums] = z.array(sumsSchema).parse(await answer.json());
  if (sums === undefined) throw new Error(`${key} could not be read back`);
  return sums;
}

/** The length of the uncompressed document of a file, in bytes. */
export async function readRawBytes(
  connection: ClickHouseClient,
  store: StackAddresses['store'],
  key: string,
): Promise<number> {
  const answer = await connection.query({
    query: `SELECT sum(length(line) + 1) AS bytes
      FROM s3({url:String}, {access_key_id:String}, {secret_access_key:String}, 'LineAsString')`,
    query_params: ofStore(store, key),
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const [row] = z.array(z.object({ bytes: z.number() })).parse(await answer.json());
  return row?.bytes ?? 0;
}

/**
 * Compares a file with ours.
 * @param looser Multiplies what sums may differ by: the samples of a peer do not carry every detail of its
 *   totals.
 * @throws an error that names every field that differs, with both values.
 */
export function assertSameSums(name: string, theirs: FileSums, ours: FileSums, looser = 1): void {
  const differences = Object.keys(sumsSchema.shape)
    .map((field) => field as Field)
    .filter((field) => !isNear(theirs[field], ours[field], (TOLERANCES[field] ?? 0) * looser))
    .map((field) => `${field}: got ${theirs[field]}, ours is ${ours[field]}`);
  if (differences.length > 0)
    throw new Error(`the file of ${name} differs from ours:\n  ${differences.join('\n  ')}`);
}

function isNear(theirs: number | string, ours: number | string, tolerance: number): boolean {
  if (typeof theirs === 'string' || typeof ours === 'string') return theirs === ours;
  return Math.abs(theirs - ours) <= Math.abs(ours) * tolerance;
}

// Loads the recorded call into the history, as often as wanted under different session ids, its times moved
// so that it ended shortly before it is finalised. What `npm start` shows is this call.
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { readRecording } from './read-file.ts';
import { writeImport } from './write-import.ts';

const DEMO_CALL = new URL('../recorder/demo-call.jsonl.gz', import.meta.url);

/** A service closes and analyses a room some seconds after the last one left. */
const ENDS_BEFORE_FINALIZED_MS = 10_000;

export interface DemoCallOptions {
  projectId: string;
  finalizedAtMs: number;
  /** Default `demo-call-1`; another one makes another room of the same name. */
  sessionId?: string;
  /** When the call is to have ended; by default ten seconds before `finalizedAtMs`. */
  endedAtMs?: number;
}

/** Loads the call; loading it again under the same session id changes nothing. Returns its session id. */
export async function loadDemoCall(connection: ClickHouseClient, options: DemoCallOptions): Promise<string> {
  const sessionId = options.sessionId ?? 'demo-call-1';
  if (await isLoaded(connection, options.projectId, sessionId)) return sessionId;
  const spoolPath = join(tmpdir(), `room-streams-demo-${process.pid}.tsv`);
  const file = await readRecording(createReadStream(DEMO_CALL), { format: 'getstats', spoolPath });
  const endedAtMs = file.presences.reduce((latest, { presence }) => Math.max(latest, presence.leftAtMs), 0);
  const shiftMs = (options.endedAtMs ?? options.finalizedAtMs - ENDS_BEFORE_FINALIZED_MS) - endedAtMs;
  await writeImport(connection, [file], {
    projectId: options.projectId,
    finalizedAtMs: options.finalizedAtMs,
    relabel: { sessionId, shiftMs },
  });
  return sessionId;
}

async function isLoaded(
  connection: ClickHouseClient,
  projectId: string,
  sessionId: string,
): Promise<boolean> {
  const answer = await connection.query({
    query: `SELECT count() AS presences FROM imported_presences
      WHERE project_id = {project_id:String} AND session_id = {session_id:String}`,
    query_params: { project_id: projectId, session_id: sessionId },
    format: 'JSONEachRow',
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  const rows = z.array(z.object({ presences: z.number() })).parse(await answer.json());
  return rows.some(({ presences }) => presences > 0);
}

// Writes the ticks that files were turned into, once it is known whose they are, in place of what an earlier
// import made of them.
import { Readable } from 'node:stream';
import type { ClickHouseClient } from '@clickhouse/client';
import type { ImportProgress } from './import-files.ts';
import { escapeTab, readSpool, TICK_COLUMNS } from './tick-spool.ts';
import type { SpooledTicks } from './tick-spool.ts';
import { inBlocks, toSeconds } from './write-history.ts';

/** Ticks joined to one piece of the request's body; the request itself streams. */
const TICKS_PER_PIECE = 2_000;

/** Whose the ticks of a connection are, by the connection's index in the file. */
export type TickOwners = ReadonlyMap<number, { sessionId: string; peerId: string; connectionId: string }>;

/** The ticks of one file; those of connections without an owner are passed over. */
export interface OwnedTicks {
  ticks: SpooledTicks;
  owners: TickOwners;
}

/** A stay that the history holds otherwise than it was read now. */
export interface ReplacedStay {
  sessionId: string;
  sourceId: string;
}

/**
 * Takes away the ticks of stays that are written anew. Most would replace themselves; not those that damage,
 * or an earlier version of the import, had put at other times.
 */
export async function removeTicks(
  client: ClickHouseClient,
  projectId: string,
  stays: readonly ReplacedStay[],
): Promise<void> {
  for (const block of inBlocks(stays, ({ sessionId, sourceId }) => `${sessionId}${sourceId}`)) {
    await client.command({
      query: `DELETE FROM media_samples WHERE project_id = {project_id:String} AND session_id IN {sessions:Array(String)}
        AND splitByChar('/', connection_id)[1] IN {sources:Array(String)}`,
      query_params: {
        project_id: projectId,
        sessions: block.map(({ sessionId }) => sessionId),
        sources: block.map(({ sourceId }) => sourceId),
      },
    });
  }
}

export interface WriteTicksOptions {
  sources: readonly OwnedTicks[];
  relabel: { shiftMs: number } | null;
  progress?: ImportProgress;
  signal?: AbortSignal;
}

/**
 * Writes the ticks of all files in one request that streams: one for each of many small files would make as
 * many parts on disk.
 */
export async function writeTicks(
  client: ClickHouseClient,
  projectId: string,
  { sources, relabel, progress, signal }: WriteTicksOptions,
): Promise<void> {
  const total = sources.reduce((sum, { ticks }) => sum + ticks.count, 0);
  if (total === 0) return;
  const project = escapeTab(projectId);
  const shiftMs = relabel?.shiftMs ?? 0;
  let done = 0;
  async function* pieces(): AsyncGenerator<string> {
    let lines: string[] = [];
    for (const { ticks, owners } of sources) {
      const ownerTexts = new Map([...owners].map(([index, owner]) => [index, toOwnerText(project, owner)]));
      for await (const tick of readSpool(ticks)) {
        done += 1;
        const owner = ownerTexts.get(tick.connectionIndex);
        if (owner === undefined) continue;
        lines.push(`${owner}\t${toSeconds(tick.endMs + shiftMs)}\t${tick.columns}\n`);
        if (lines.length < TICKS_PER_PIECE) continue;
        progress?.('writing ticks', done, total);
        yield lines.join('');
        lines = [];
      }
    }
    if (lines.length > 0) yield lines.join('');
  }
  await client.insert({
    table: 'media_samples',
    columns: ['project_id', 'session_id', 'peer_id', 'connection_id', 'tick_end', ...TICK_COLUMNS],
    values: Readable.from(pieces(), { objectMode: false }),
    format: 'TabSeparated',
    // Recordings of many years, or times that damage has scattered, lie in as many months.
    clickhouse_settings: { max_partitions_per_insert_block: '0' },
    ...(signal === undefined ? {} : { abort_signal: signal }),
  });
  progress?.('writing ticks', total, total);
}

function toOwnerText(
  project: string,
  owner: { sessionId: string; peerId: string; connectionId: string },
): string {
  return [project, ...[owner.sessionId, owner.peerId, owner.connectionId].map(escapeTab)].join('\t');
}

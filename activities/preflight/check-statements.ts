// Runs the statements of a run with the settings of the exporter's user, over an interval without rooms and
// over one real room. It finds problems that appear only when a statement runs: settings, limits, rights on
// the tables behind a view, differing types.
import { z } from 'zod';
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { describeCounts, hasSameCounts, rangeOf } from '../../workflows/model/plan.ts';
import { writeRange } from '../batch/write-range.ts';
import { cutRanges } from '../scans/cut-ranges.ts';
import { fingerprintRange } from '../scans/fingerprint-range.ts';
import type { HistoryReader } from '../../clickhouse/history-reader.ts';
import { innermostMessage } from '../runtime/innermost-message.ts';
import { explainFailure } from '../runtime/run-stage.ts';

/** No project has this name. */
const NO_PROJECT = 'room-streams-preflight';

/** No room was finalised in 2001. */
const NO_ROOMS_MS = 981_173_106_000;

/**
 * Which room does not matter, only that it is found soon. Unlike the statements of a run, this one has no
 * range.
 */
const FIND_ROOM = `
  SELECT project_id, at_ms
  FROM (SELECT toString(project_id) AS project_id, toUnixTimestamp64Milli(finalized_at) AS at_ms FROM (SELECT project_id, finalized_at FROM export_rooms))
  LIMIT 1
  SETTINGS force_index_by_date = 0, force_primary_key = 0`;

const foundRow = z.object({ project_id: z.string(), at_ms: z.number().int() });

/** The time limit for finding a room, for histories whose views hide their keys. */
const FIND_WITHIN_MS = 30_000;

/** A range size that no interval of a millisecond reaches. */
const RANGE_BYTES = 100_000_000;

/** Returns one or two lines. Never rejects: the error of a statement becomes the line. */
export async function checkStatements(history: HistoryReader): Promise<CheckLine[]> {
  const empty = await checkLine(history, 'statements: no rooms', async () => {
    const { rooms } = await runStatements(history, NO_PROJECT, NO_ROOMS_MS);
    return `${rooms} rooms`;
  });
  // Statements that fail without rooms fail with one for the same reason.
  if (empty.outcome !== 'ok') return [empty];
  const room = await checkLine(history, 'statements: one room', async () => {
    const [found] = await history.readRows({
      query: FIND_ROOM,
      params: {},
      row: foundRow,
      signal: AbortSignal.timeout(FIND_WITHIN_MS),
    });
    if (found === undefined) return 'the history has no room yet';
    const { rooms, peers, totals, bytes } = await runStatements(history, found.project_id, found.at_ms);
    return `${rooms} rooms, ${peers} peers, ${totals} track totals: ${bytes} bytes of JSON`;
  });
  return [empty, room];
}

/**
 * Runs all statements of a run over one millisecond of a project.
 * @throws their errors, or an Error when their answers do not agree
 */
async function runStatements(
  history: HistoryReader,
  projectId: string,
  atMs: number,
): Promise<{ rooms: number; peers: number; totals: number; bytes: number }> {
  const { signal } = new AbortController();
  const interval = { startMs: atMs, endMs: atMs + 1 };
  const range = { projectId, ...rangeOf(interval) };
  const planned = await fingerprintRange(history, range, signal);
  const cut = { projectId, interval, fields: 'extended', rangeBytes: RANGE_BYTES, bytesScale: 1 } as const;
  await cutRanges(history, cut, signal);
  const written = await writeRange(history, {
    range,
    fields: 'extended',
    format: 'ndjson',
    signal,
  });
  const { rooms, peers, totals, body } = written;
  if (!hasSameCounts(written, planned))
    throw new Error(
      `the scans have ${describeCounts(written)}; ` +
        `the history counts ${planned.rooms}, ${planned.peers} and ${planned.totals}`,
    );
  return { rooms, peers, totals, bytes: body.length };
}

async function checkLine(
  history: HistoryReader,
  name: string,
  check: () => Promise<string>,
): Promise<CheckLine> {
  const allowed = "the statements of a run succeed under the settings of the exporter's user";
  try {
    return { name, allowed, outcome: 'ok', got: await check() };
  } catch (error) {
    return {
      name,
      allowed,
      outcome: 'failed',
      got: innermostMessage(await explainFailure(error, { history })),
    };
  }
}

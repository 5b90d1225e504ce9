// Whether a ClickHouse server can be exported from: its version, the user's rights, the columns of the three
// views, and that an interval is read as a range. Asks as the exporter's own user, reads no rows and changes
// nothing; part of the preflight.
import { ClickHouseError } from '@clickhouse/client';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { z } from 'zod';
import { PINNED_SETTINGS } from '../clickhouse/pinned-settings.ts';
import { rangeOfPlan } from './range-of-plan.ts';
import { TYPES, VIEW_COLUMNS } from '../document/history-contract.ts';
import type { ViewName } from '../document/history-contract.ts';

export interface CheckLine {
  name: string;
  ok: boolean;
  /** What was found, as a sentence or a list. */
  got: string;
  /** What would be right. */
  allowed: string;
}

/**
 * From this version on, an error in the middle of an answer is marked by a tag that cannot be taken for data.
 */
export const VERSION_MIN = '25.11';

/** Answers that concern one check; with any other error nothing can be said, and it is thrown. */
const ANSWERS: ReadonlyMap<string, string> = new Map([
  ['16', 'a column is missing'],
  ['47', 'a column is missing'],
  ['60', 'it does not exist'],
  ['81', 'the database does not exist'],
  ['497', 'the user may not read it'],
]);

/** Why the server refuses the settings that every statement of the export states. */
const SETTING_REFUSALS: ReadonlyMap<string, string> = new Map([
  ['164', 'may not be set: readonly = 1'],
  ['452', 'may not be set: a constraint of the profile forbids it'],
  ['115', 'are not known: the server is older than supported'],
]);

/**
 * One line for each check, in a fixed order, whatever it finds. `connection` is the exporter's, its database
 * the history.
 * @throws what the client throws when the server does not answer or refuses the user.
 */
export async function checkViews(connection: ClickHouseClient): Promise<CheckLine[]> {
  const version = await checkVersion(connection);
  const settings = await checkSettings(connection);
  // The other questions state these settings, too.
  if (!settings.ok) return [version, settings];
  const lines = [version, settings, await checkReadOnly(connection)];
  for (const [view, columns] of Object.entries(VIEW_COLUMNS)) {
    lines.push(await checkColumns(connection, view, columns), await checkRange(connection, view));
  }
  return lines;
}

/** Asked without settings where the server refuses them: why it does depends on its version. */
async function checkVersion(connection: ClickHouseClient): Promise<CheckLine> {
  const query = 'SELECT version() AS version';
  const ask = async (settings: ClickHouseSettings) => {
    const answer = await connection.query({ query, format: 'JSONEachRow', clickhouse_settings: settings });
    return /\d+\.\d+(\.\d+)*/.exec(await answer.text())?.[0] ?? '';
  };
  const got = await ask(PINNED_SETTINGS).catch((error: unknown) => {
    if (refusalOf(error) === undefined) throw error;
    return ask({});
  });
  return {
    name: 'ClickHouse version',
    ok: isAtLeast(got, VERSION_MIN),
    got,
    allowed: `${VERSION_MIN} or newer`,
  };
}

function refusalOf(error: unknown): string | undefined {
  const refusal = error instanceof ClickHouseError ? SETTING_REFUSALS.get(error.code) : undefined;
  if (refusal === undefined || !(error instanceof Error)) return undefined;
  return `${refusal}. ClickHouse says: ${error.message.trim()}`;
}

export function isAtLeast(version: string, least: string): boolean {
  const [major = NaN, minor = NaN] = version.split('.').map(Number);
  const [majorMin = NaN, minorMin = NaN] = least.split('.').map(Number);
  return major > majorMin || (major === majorMin && minor >= minorMin);
}

async function checkSettings(connection: ClickHouseClient): Promise<CheckLine> {
  const line = {
    name: 'settings of the statements',
    allowed: 'a user with readonly = 2, or none, and no constraint on the settings that the export states',
  };
  try {
    const answer = await connection.query({
      query: 'SELECT 1',
      format: 'JSONEachRow',
      clickhouse_settings: PINNED_SETTINGS,
    });
    await answer.text();
    return { ...line, ok: true, got: 'may be set' };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return { ...line, ok: false, got: refusal };
  }
}

/** Rights that change nothing in the history. */
const HARMLESS = /^(SELECT|SHOW|CHECK|READ|REMOTE|USAGE|dictGet)\b/;

async function checkReadOnly(connection: ClickHouseClient): Promise<CheckLine> {
  const [setting] = await selectRows(
    connection,
    "SELECT toString(getSetting('readonly')) AS readonly",
    z.object({ readonly: z.string() }),
  );
  const readonly = setting?.readonly ?? '0';
  const grants = await selectRows(connection, 'SHOW GRANTS FINAL', z.record(z.string(), z.string()));
  const writing = grants.flatMap((row) => Object.values(row)).flatMap(writingRights);
  const rights = writing.length === 0 ? 'no right to write' : `rights to write: ${shortList(writing)}`;
  return {
    name: 'user cannot write',
    ok: readonly !== '0' || writing.length === 0,
    got: `readonly = ${readonly}, ${rights}`,
    allowed: 'readonly = 2, or no right but SELECT',
  };
}

/**
 * `GRANT SELECT, INSERT(a, b) ON db.* TO user` → `['INSERT']`. A granted role has no ON; FINAL has added its
 * rights.
 */
export function writingRights(grant: string): string[] {
  const rights = /^GRANT (.*?) ON /.exec(grant)?.[1] ?? '';
  return rights
    .replaceAll(/\([^)]*\)/g, '')
    .split(',')
    .map((right) => right.trim())
    .filter((right) => right !== '' && !HARMLESS.test(right));
}

/** An administrator has dozens; the first say enough. */
const RIGHTS_SHOWN = 5;

function shortList(rights: readonly string[]): string {
  const shown = rights.slice(0, RIGHTS_SHOWN).join(', ');
  return rights.length > RIGHTS_SHOWN ? `${shown} and ${rights.length - RIGHTS_SHOWN} more` : shown;
}

async function checkColumns(
  connection: ClickHouseClient,
  view: string,
  columns: (typeof VIEW_COLUMNS)[ViewName],
): Promise<CheckLine> {
  const name = `${view}: columns`;
  const count = Object.keys(columns).length;
  const all = `the ${count} columns of docs/history.md`;
  return await answered({ name, allowed: all }, async () => {
    const found = await selectRows(
      connection,
      `DESCRIBE (SELECT * FROM ${view})`,
      z.object({ name: z.string(), type: z.string() }),
    );
    const types = new Map(found.map((column) => [column.name, column.type]));
    const wrong = Object.entries(columns).filter(
      ([column, kind]) => !isType(types.get(column), TYPES[kind].pattern),
    );
    if (wrong.length === 0)
      return { name, ok: true, got: `${count} columns as they should be`, allowed: all };
    return {
      name,
      ok: false,
      got: wrong.map(([column]) => `${column} ${types.get(column) ?? 'missing'}`).join('; '),
      allowed: wrong.map(([column, kind]) => `${column} ${TYPES[kind].allowed}`).join('; '),
    };
  });
}

function isType(type: string | undefined, pattern: RegExp): boolean {
  return (
    type !== undefined && pattern.test(type.replaceAll(/LowCardinality\(((?:Nullable\()?String\)?)\)/g, '$1'))
  );
}

/**
 * What the probe asks for: no project has this name, no room was finalised then, and both are found again in
 * the query's plan.
 */
const PROBE_PROJECT = 'room-streams-preflight';
const PROBE_SECONDS = 981_173_106;

async function checkRange(connection: ClickHouseClient, view: string): Promise<CheckLine> {
  const line = {
    name: `${view}: range`,
    allowed: 'conditions on project_id and finalized_at reach the primary key',
  };
  return await answered(line, async () => {
    const plan = await selectRows(
      connection,
      `
      EXPLAIN json = 1, indexes = 1
      SELECT session_id FROM ${view}
      WHERE project_id = '${PROBE_PROJECT}'
        AND finalized_at >= fromUnixTimestamp64Milli(${PROBE_SECONDS}000, 'UTC')
        AND finalized_at < fromUnixTimestamp64Milli(${PROBE_SECONDS}001, 'UTC')`,
      z.object({ explain: z.string() }),
    );
    const text = plan.map(({ explain }) => explain).join('\n');
    return { ...line, ...rangeOfPlan(text, [PROBE_PROJECT, String(PROBE_SECONDS)]) };
  });
}

async function answered(
  line: Omit<CheckLine, 'ok' | 'got'>,
  check: () => Promise<CheckLine>,
): Promise<CheckLine> {
  try {
    return await check();
  } catch (error) {
    const got = error instanceof ClickHouseError ? ANSWERS.get(error.code) : undefined;
    if (got === undefined) throw error;
    return { ...line, ok: false, got };
  }
}

async function selectRows<Row>(
  connection: ClickHouseClient,
  query: string,
  row: z.ZodType<Row>,
): Promise<Row[]> {
  const answer = await connection.query({
    query,
    format: 'JSONEachRow',
    clickhouse_settings: PINNED_SETTINGS,
  });
  return z.array(row).parse(await answer.json());
}

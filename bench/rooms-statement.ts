// `npm run bench:sql -- [--rooms 20000] [--runs 7] [--against REVISION]`: how fast ClickHouse alone makes the rooms, on made-up history and one
// thread: the statement of standard fields, of extended fields and, if asked for, that of another revision with its own settings, turn
// by turn in one run. Prints rooms/s, the server's processor time, and what planning alone takes (the same over no rooms). Exits with 1
// when standard fields cost over a tenth more processor time than at that revision.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { promisify, parseArgs } from 'node:util';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { ClickHouseClient } from '@clickhouse/client';
import { z } from 'zod';
import { toRoomsStatement, type RoomsRange, type RoomsStatement } from '../activities/history/rooms-query.ts';
import { openConnection } from '../history/connection.ts';
import { makeHistory } from '../history/make/make-history.ts';
import { migrate } from '../history/migrate.ts';
import { withTemporaryClickHouse } from '../local/temporary-clickhouse.ts';
import type { FieldSet } from '../workflows/model/stream.ts';

const PROJECT = 'bench';
const HOUR_MS = 3_600_000;
const FROM_MS = Date.UTC(2026, 10, 23, 10);
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What exactness may cost. */
const DEARER_MAX = 1.1;

interface Variant {
  name: string;
  toStatement: (range: RoomsRange) => RoomsStatement;
}

interface Measured {
  wallMs: number[];
  cpuMs: number[];
}

async function main(rooms: number, runs: number, against: string | undefined): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-bench-'));
  try {
    const variants: Variant[] = [
      { name: 'standard', toStatement: (range) => toRoomsStatement(range, 'standard') },
      { name: 'extended', toStatement: (range) => toRoomsStatement(range, 'extended') },
    ];
    if (against !== undefined)
      variants.unshift({ name: `standard at ${against}`, toStatement: await statementAt(against, folder) });
    return await withTemporaryClickHouse(async (target) => {
      await migrate(target);
      const connection = openConnection(target);
      try {
        await makeHistory(connection, {
          ...{ rooms, seed: 1, projectId: PROJECT },
          ...{ fromMs: FROM_MS, toMs: FROM_MS + HOUR_MS },
        });
        // As a history of some age is: merged.
        for (const table of ['rooms', 'peers', 'track_totals'])
          await connection.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
        return await compare(connection, variants, { rooms, runs });
      } finally {
        await connection.close();
      }
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The statement and settings of another revision, by its own code. */
async function statementAt(revision: string, folder: string): Promise<Variant['toStatement']> {
  const archive = join(folder, 'revision.tar');
  const git = ['archive', '-o', archive, revision, 'activities', 'workflows', 'package.json'];
  await promisify(execFile)('git', git, { cwd: ROOT });
  await promisify(execFile)('tar', ['-xf', archive, '-C', folder]);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const module = (await import(pathToFileURL(join(folder, 'activities/history/rooms-query.ts')).href)) as {
    toRoomsStatement: (range: RoomsRange, options: unknown) => Partial<RoomsStatement>;
  };
  return (range) => {
    // Until the encoder put in the separators, the statement was asked for with them.
    const standard: FieldSet = 'standard';
    const withSeparator = module.toRoomsStatement(range, { fields: standard, separator: ',' });
    const statement =
      withSeparator.query === undefined ? module.toRoomsStatement(range, standard) : withSeparator;
    return statement as RoomsStatement;
  };
}

async function compare(
  connection: ClickHouseClient,
  variants: readonly Variant[],
  { rooms, runs }: { rooms: number; runs: number },
): Promise<number> {
  const all = new Map<string, Measured>();
  const planning = new Map<string, Measured>();
  for (let run = 0; run <= runs; run += 1) {
    for (const variant of variants) {
      const whole = await measure(connection, variant, FROM_MS);
      const nothing = await measure(connection, variant, FROM_MS - HOUR_MS);
      // The first run warms caches, files and the server's compiler.
      if (run === 0) continue;
      note(all, variant.name, whole);
      note(planning, variant.name, nothing);
    }
  }
  console.log(`${rooms} rooms, ${runs} runs of each in turn, one thread; medians`);
  for (const { name } of variants) {
    const [wallMs, cpuMs] = mediansOf(all.get(name));
    const [, planMs] = mediansOf(planning.get(name));
    console.log(
      `${name.padEnd(24)} ${Math.round((rooms / wallMs) * 1000)} rooms/s, ${cpuMs.toFixed(0)} ms of processor, of which planning ${planMs.toFixed(0)} ms`,
    );
  }
  const [before] = variants;
  if (before === undefined || variants.length < 3) return 0;
  const dearer = mediansOf(all.get('standard'))[1] / mediansOf(all.get(before.name))[1];
  console.log(`standard takes ${(dearer * 100).toFixed(0)} % of the processor time of ${before.name}`);
  return dearer > DEARER_MAX ? 1 : 0;
}

async function measure(
  connection: ClickHouseClient,
  { toStatement }: Variant,
  fromMs: number,
): Promise<{ wallMs: number; cpuMs: number }> {
  const statement = toStatement({
    projectId: PROJECT,
    from: { finalizedAtMs: fromMs, sessionId: '' },
    to: { finalizedAtMs: fromMs + HOUR_MS, sessionId: '' },
  });
  const cpuBeforeMs = await processorMs(connection);
  const startedMs = performance.now();
  const { stream } = await connection.exec(statement);
  stream.resume();
  await finished(stream);
  const wallMs = performance.now() - startedMs;
  return { wallMs, cpuMs: (await processorMs(connection)) - cpuBeforeMs };
}

/** What the server's threads have used since it started. */
async function processorMs(connection: ClickHouseClient): Promise<number> {
  const answer = await connection.query({
    query:
      "SELECT toFloat64(value) / 1000 AS ms FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'",
    format: 'JSONEachRow',
  });
  return z.array(z.object({ ms: z.number() })).parse(await answer.json())[0]?.ms ?? 0;
}

function note(
  into: Map<string, Measured>,
  name: string,
  { wallMs, cpuMs }: { wallMs: number; cpuMs: number },
): void {
  const known = into.get(name) ?? { wallMs: [], cpuMs: [] };
  known.wallMs.push(wallMs);
  known.cpuMs.push(cpuMs);
  into.set(name, known);
}

function mediansOf(measured: Measured | undefined): [wallMs: number, cpuMs: number] {
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
  return [median(measured?.wallMs ?? []), median(measured?.cpuMs ?? [])];
}

const { values } = parseArgs({
  options: {
    rooms: { type: 'string', default: '20000' },
    runs: { type: 'string', default: '7' },
    against: { type: 'string' },
  },
});
process.exitCode = await main(Number(values.rooms), Number(values.runs), values.against);

// `npm run bench:rivals -- [--rooms 100000] [--rounds 5] [--store seaweedfs|minio] [--compression none|gzip]
// [--sampled-rooms 20000] [--baseline DIR] [--least-ratio R] [--json]`: our whole export beside what a user
// could write instead, on the same history and store, turn by turn: one typed ClickHouse statement, the same
// from raw samples, a Node program that works row by row, and the floors, scans alone and uploads alone. With
// --baseline also the export of another checkout. Every file is read back and compared with ours; one that
// differs ends the benchmark.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { assertSameSums, readRawBytes, readSums } from './rivals/check-file.ts';
import { measure } from './rivals/contender.ts';
import type { Contender, Measured } from './rivals/contender.ts';
import { loosenessOf, startContenders } from './rivals/contenders.ts';
import type { Contenders, SetUp } from './rivals/contenders.ts';
import { openClient } from './rivals/part-upload.ts';
import { describeReport, makeReport } from './rivals/report.ts';
import type { Checked, Report, Round } from './rivals/report.ts';
import { withRivalsStack } from './rivals/rivals-stack.ts';
import type { RivalsStack, StoreKind } from './rivals/rivals-stack.ts';

interface RivalsOptions extends SetUp {
  rounds: number;
  store: StoreKind;
  json: boolean;
  /**
   * The exit code is 1 when ours makes fewer than so many times the rooms/s of the statement, by the median
   * of the rounds.
   */
  leastRatio: number;
}

async function main(options: RivalsOptions): Promise<number> {
  const report = await withRivalsStack(options, async (rivals) => {
    const contenders = await startContenders(rivals, options, say);
    try {
      return await runRounds(rivals, contenders, options);
    } finally {
      await contenders.stop();
    }
  });
  console.log(options.json ? JSON.stringify(report, null, 2) : describeReport(report));
  const ratio = report.ratios['statement']?.median ?? Number.NaN;
  if (ratio >= options.leastRatio) return 0;
  say(
    `ours makes ${ratio.toFixed(2)} times the rooms/s of the statement, allowed: ${options.leastRatio} and more`,
  );
  return 1;
}

async function runRounds(rivals: RivalsStack, { all }: Contenders, options: RivalsOptions): Promise<Report> {
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    const measured = new Map<string, Checked>();
    for (const contender of all) {
      const run = await measure(contender);
      measured.set(contender.name, { ...run, ...(await readSizes(rivals, run)) });
      say(
        `round ${round}, ${contender.name}: ${run.seconds.toFixed(2)} s, elsewhere ${run.elsewhere.toFixed(2)} s`,
      );
    }
    await checkRound(rivals, all, measured);
    rounds.push(measured);
  }
  return makeReport(all, rounds, options);
}

async function readSizes(
  { connection, stack: { store } }: RivalsStack,
  { output: { key, rawBytes } }: Measured,
): Promise<Pick<Checked, 'rawBytes' | 'storedMegabytes'>> {
  if (key === null) {
    if (rawBytes === null) throw new Error('a contender made no file and said no size');
    return { rawBytes, storedMegabytes: null };
  }
  const { size } = await openClient(store).statObject(store.bucket, key);
  return { rawBytes: rawBytes ?? (await readRawBytes(connection, store, key)), storedMegabytes: size / 1e6 };
}

/** Compares every file of a round with ours. Throws when one differs. */
async function checkRound(
  { connection, stack }: RivalsStack,
  [ours, ...others]: readonly Contender[],
  measured: ReadonlyMap<string, Measured>,
): Promise<void> {
  const keyOf = ({ name }: Contender): string | null => measured.get(name)?.output.key ?? null;
  const ourKey = ours === undefined ? null : keyOf(ours);
  if (ours === undefined || ourKey === null) throw new Error('our run made no file');
  for (const other of others) {
    const key = keyOf(other);
    if (key === null) continue;
    const theirs = await readSums(connection, stack.store, { key, rooms: ours.rooms });
    const expected = await readSums(connection, stack.store, { key: ourKey, rooms: other.rooms });
    if (expected.rooms !== other.rooms)
      throw new Error(`our file has ${expected.rooms} of ${other.rooms} rooms`);
    assertSameSums(other.name, theirs, expected, loosenessOf(other.name));
  }
}

/** Progress goes beside the result, which another program may read. */
function say(sentence: string): void {
  console.error(sentence);
}

function parseOptions(): RivalsOptions {
  const { values } = parseArgs({
    options: {
      rooms: { type: 'string', default: '100000' },
      rounds: { type: 'string', default: '5' },
      'sampled-rooms': { type: 'string', default: '20000' },
      store: { type: 'string', default: 'seaweedfs' },
      compression: { type: 'string', default: 'none' },
      baseline: { type: 'string' },
      'least-ratio': { type: 'string', default: '0' },
      json: { type: 'boolean', default: false },
    },
  });
  const rooms = toCount('rooms', values.rooms);
  return {
    rooms,
    sampledRooms: Math.min(rooms, toCount('sampled-rooms', values['sampled-rooms'])),
    rounds: toCount('rounds', values.rounds),
    store: toOneOf('store', values.store, ['seaweedfs', 'minio']),
    compression: toOneOf('compression', values.compression, ['none', 'gzip']),
    // npm runs this in the project's folder; a path is meant from where the user is.
    baseline:
      values.baseline === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', values.baseline),
    leastRatio: Number(values['least-ratio']),
    json: values.json,
  };
}

function toCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1)
    throw new RangeError(`--${name}: got "${text}", allowed: a whole number from 1`);
  return count;
}

function toOneOf<Word extends string>(name: string, text: string, allowed: readonly Word[]): Word {
  const found = allowed.find((word) => word === text);
  if (found === undefined) throw new RangeError(`--${name}: got "${text}", allowed: ${allowed.join(' or ')}`);
  return found;
}

main(parseOptions()).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

// `npm run faults -- --kills N --seed S [--store seaweedfs|minio] [--workers 2]`: a real stack under load
// while processes are killed, connections cut, slowed and damaged, answers eaten and histories changed;
// afterwards every file is held against a direct query. Exit code 1 unless all is right.
import { parseArgs } from 'node:util';
import type { StreamSettings } from '../../workflows/model/stream.ts';
import { KILLS, NUISANCES } from './fault-kinds.ts';
import type { Fault } from './fault-kinds.ts';
import { withFaultWorld } from './fault-world.ts';
import type { FaultWorld, StoreKind } from './fault-world.ts';
import { runLane } from './lane.ts';
import type { LaneReport } from './lane.ts';
import { Random } from './random.ts';

interface FaultOptions {
  kills: number;
  seed: number;
  store: StoreKind;
  workers: number;
}

/**
 * Streams that differ in how their parts are made; sizes are such that a file takes seconds, and one that it
 * is a single batch.
 */
const LANES: readonly { name: string; rooms: number; settings: Partial<StreamSettings> }[] = [
  { name: 'plain', rooms: 6_000, settings: {} },
  { name: 'packed', rooms: 2_500, settings: { compression: 'gzip' } },
  { name: 'short', rooms: 300, settings: {} },
  { name: 'lines', rooms: 4_000, settings: { format: 'ndjson', fields: 'extended' } },
];

/** Small batches: more parts to lose. */
const VARIABLES = { BATCH_MB_PLAIN: '10', BATCH_MB_GZIP: '1', BATCHES_AT_ONCE: '2' };

interface Done {
  kills: number;
  /** By Ctrl-C: what has happened until then is reported as ever. */
  isStopped: boolean;
}

function isOver({ kills }: FaultOptions, done: Done): boolean {
  return done.isStopped || done.kills >= kills;
}

async function main(options: FaultOptions): Promise<boolean> {
  const { seed, store, workers } = options;
  console.log(`seed ${seed}, store ${store}, ${workers} workers`);
  return withFaultWorld({ store, workers, variables: VARIABLES }, async (world) => {
    const done = { kills: 0, isStopped: false };
    process.once('SIGINT', () => (done.isStopped = true));
    const lanes = LANES.map((lane, index) =>
      runLane(world, {
        ...lane,
        random: new Random(seed * 100 + index),
        isOver: () => isOver(options, done),
      }),
    );
    const all = Promise.all([strike(world, options, done), ...lanes]);
    // Said at once: what is closed behind it may throw in its turn.
    all.catch((error: unknown) => console.error('ends early:', error));
    const [happened, ...reports] = await all;
    for (const [name, count] of [...happened].sort()) console.log(`  ${String(count).padStart(4)}  ${name}`);
    return printReport(reports, done.kills);
  });
}

/**
 * One fault after the other, a nuisance between two kills, until there were kills enough. Returns how often
 * each happened.
 */
async function strike(world: FaultWorld, options: FaultOptions, done: Done): Promise<Map<string, number>> {
  const { kills, seed } = options;
  const random = new Random(seed);
  const happened = new Map<string, number>();
  const happen = async (fault: Fault | undefined): Promise<void> => {
    if (fault === undefined || !(await fault.happen(world, random))) return;
    happened.set(fault.name, (happened.get(fault.name) ?? 0) + 1);
    if (!fault.isKill) return;
    done.kills += 1;
    console.log(`${done.kills}/${kills} ${fault.name}`);
  };
  while (!isOver(options, done)) {
    await happen(random.pick(KILLS));
    await happen(random.pick(NUISANCES));
  }
  return happened;
}

function printReport(reports: readonly LaneReport[], kills: number): boolean {
  const sum = (of: (report: LaneReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  for (const problem of reports.flatMap(({ problems }) => problems)) console.log(`WRONG ${problem}`);
  const totals = {
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    left: sum(({ leftUploads }) => leftUploads),
    problems: sum(({ problems }) => problems.length),
  };
  console.log(
    `runs cancelled ${sum((r) => r.canceled)}, histories changed ${sum((r) => r.changes)}, of these after the commit ${sum((r) => r.late)}`,
  );
  console.log(
    `kills ${kills}, files ${sum((r) => r.files)}, lost ${totals.lost}, doubled ${totals.doubled}, redone batches ${sum((r) => r.batchesRedone)}, leftover uploads ${totals.left}`,
  );
  return totals.lost + totals.doubled + totals.left + totals.problems === 0;
}

function parseOptions(): FaultOptions {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      store: { type: 'string', default: 'seaweedfs' },
      workers: { type: 'string', default: '2' },
    },
  });
  const [kills, seed, workers] = [values.kills, values.seed, values.workers].map(Number) as [
    number,
    number,
    number,
  ];
  if (![kills, seed, workers].every((value) => Number.isSafeInteger(value) && value >= 0))
    throw new Error('--kills, --seed and --workers: allowed are whole numbers');
  if (values.store !== 'seaweedfs' && values.store !== 'minio')
    throw new Error(`--store: got "${values.store}", allowed: seaweedfs, minio`);
  return { kills, seed, workers, store: values.store };
}

main(parseOptions()).then(
  (isRight) => process.exit(isRight ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

// `npm run bench:flat -- --small 100000 --large 1000000`: exports an interval of each size with a worker of
// its own, and prints how much more memory the large one took, how many rows ClickHouse read for all batches,
// and what the same statements read when they are run once over the whole interval. Exit code 1 when a bound
// is broken.
import { parseArgs } from 'node:util';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { exportOnce, makeRooms, peakMemoryMb } from './export-run.ts';
import { readRowsRead } from './rows-read.ts';
import type { RowsRead } from './rows-read.ts';

/** The large interval may take so much more memory than the small one. */
const MEMORY_RATIO_MAX = 1.1;

/**
 * All batches together may read so many times the rows that one statement reads, and that the interval has.
 */
const READ_RATIO_MAX = 1.1;
const INTERVAL_RATIO_MAX = 1.1;

interface Measured extends RowsRead {
  rooms: number;
  peakMb: number;
}

async function main(sizes: readonly number[]): Promise<boolean> {
  await buildWorker();
  const measured: Measured[] = [];
  for (const rooms of sizes) measured.push(await measure(rooms));
  const [small, large] = [measured[0], measured.at(-1)];
  if (small === undefined || large === undefined) throw new Error('no sizes');
  const memoryRatio = large.peakMb / small.peakMb;
  console.log(
    `peak memory: ${large.rooms} rooms take ${memoryRatio.toFixed(3)} times what ${small.rooms} take (at most ${MEMORY_RATIO_MAX})`,
  );
  return memoryRatio <= MEMORY_RATIO_MAX && measured.every(isFrugal);
}

function isFrugal({ rooms, rowsRead, rowsReadAtOnce, rowsOfInterval }: Measured): boolean {
  const [atOnce, ofInterval] = [rowsRead / rowsReadAtOnce, rowsRead / rowsOfInterval];
  console.log(
    `${rooms} rooms: all batches read ${rowsRead} rows: ${atOnce.toFixed(3)} times what one scan of each view reads (at most ${READ_RATIO_MAX}), ` +
      `${ofInterval.toFixed(3)} times the interval's ${rowsOfInterval} rows (at most ${INTERVAL_RATIO_MAX})`,
  );
  return atOnce <= READ_RATIO_MAX && ofInterval <= INTERVAL_RATIO_MAX;
}

function measure(rooms: number): Promise<Measured> {
  return withBuiltWorker(
    (stack) => makeRooms(stack, rooms),
    async (stack, worker) => {
      await exportOnce(stack, { compression: 'none', fields: 'standard' });
      const peakMb = await peakMemoryMb(worker.pid);
      console.log(`${rooms} rooms: peak resident memory of the worker ${peakMb.toFixed(0)} MB`);
      return { rooms, peakMb, ...(await readRowsRead(stack)) };
    },
  );
}

const { values } = parseArgs({
  options: { small: { type: 'string', default: '100000' }, large: { type: 'string', default: '1000000' } },
});
main([Number(values.small), Number(values.large)]).then(
  (isWithin) => process.exit(isWithin ? 0 : 1),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

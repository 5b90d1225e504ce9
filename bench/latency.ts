// `npm run bench:latency -- --runs 30`: how long an interval of 100 rooms takes from its fire to its file,
// through the whole embedded stack, with a worker that has nothing else to do. A fire is the start of the
// run, as a schedule does it; the file is there when `completeFile` has seen it in the store, which is before
// the worker reads its clock for the manifest. Prints as well when the run has ended: its manifest is there
// by then.
import { withTemporal } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { awaitResult } from '../client/follow-workflow.ts';
import { stagesOf } from '../client/run-history.ts';
import { startRun } from '../client/streams.ts';
import { toEnvironment } from '../local/stack-environment.ts';
import { makeStream } from '../local/make-stream.ts';
import { readTemporalConfig } from '../config/config.ts';
import { buildWorker, withBuiltWorker } from './built-worker.ts';
import { INTERVAL, makeRooms, PROJECT } from './export-run.ts';
import { describeLoad, describeTimes, parseCount } from './figures.ts';

const ROOMS = 100;
const BOUND_MS = 250;

/** The first runs load code and open connections. */
const WARM_UPS = 5;

async function main(runs: number): Promise<number> {
  await buildWorker();
  return withBuiltWorker(
    (stack) => makeRooms(stack, ROOMS),
    (stack) =>
      withTemporal((connected) => measure(connected, runs), readTemporalConfig(toEnvironment(stack))),
  );
}

async function measure(connected: Connected, runs: number): Promise<number> {
  const files: number[] = [];
  const manifests: number[] = [];
  const stages = new Map<string, number[]>();
  for (let run = -WARM_UPS; run < runs; run += 1) {
    const made = await exportOnce(connected, `latency-${run + WARM_UPS}`);
    if (run < 0) continue;
    files.push(made.fileMs);
    manifests.push(made.manifestMs);
    for (const [name, tookMs] of made.stages) stages.set(name, [...(stages.get(name) ?? []), tookMs]);
  }
  for (const [name, of] of stages) console.log(`  ${name.padEnd(16)}${describeTimes(of, 'ms').text}`);
  console.log(`fire to manifest, ${ROOMS} rooms: ${describeTimes(manifests, 'ms').text}`);
  const { text, median } = describeTimes(files, 'ms');
  console.log(`fire to file, ${ROOMS} rooms: ${text}, allowed: median ${BOUND_MS} ms; ${describeLoad()}`);
  return median <= BOUND_MS ? 0 : 1;
}

interface Made {
  fileMs: number;
  manifestMs: number;
  /**
   * From when each was called to when it was done; of an activity the way to the worker and back is part of
   * it.
   */
  stages: [name: string, tookMs: number][];
}

/** A stream of its own for each run, so that each makes its file for the first time. */
async function exportOnce(connected: Connected, name: string): Promise<Made> {
  const handle = await startRun(connected, {
    stream: makeStream(name, { project: PROJECT }),
    interval: INTERVAL,
    force: false,
  });
  const { manifest } = await awaitResult(handle);
  if (manifest?.rooms !== ROOMS) throw new Error(`the file has ${manifest?.rooms} rooms, ${ROOMS} were made`);
  const { startTime, closeTime } = await handle.describe();
  const shown = stagesOf(await handle.fetchHistory());
  return {
    fileMs: Date.parse(manifest.completed_at) - startTime.getTime(),
    manifestMs: (closeTime?.getTime() ?? Number.NaN) - startTime.getTime(),
    stages: shown.map(({ name: stage, startedAt, endedAt }) => [
      stage,
      Date.parse(endedAt ?? '') - Date.parse(startedAt),
    ]),
  };
}

main(parseCount('runs', 30)).then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);

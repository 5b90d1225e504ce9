// `npm start`: the whole thing on a laptop. Starts the embedded stack, loads a recorded call, creates the
// stream `demo`, makes the file of the last interval by a real run, shows its first room and says where
// everything is. Stays up until Ctrl-C; `--once` ends after the run.
import { relative } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { runPageOf } from '../temporal/connect.ts';
import { describeProgress } from '../client/describe-run.ts';
import { toRfc3339 } from '../workflows/model/interval.ts';
import { DEMO_STREAM, ensureDemoStream, runDemoInterval, startDemoWorker, withDemoTemporal } from './demo.ts';
import type { DemoRun } from './demo.ts';
import { loadDemoHistory } from './demo-history.ts';
import type { LoadedInterval } from './demo-history.ts';
import { firstRoomOf, openFiles } from './fetch-file.ts';
import type { FetchedFile } from './fetch-file.ts';
import { stackFolder } from './stack-folder.ts';
import { startStack } from './stack.ts';
import type { RunningStack } from './stack.ts';
import { writeEnvironmentFile } from './stack-environment.ts';
import { untilStopped } from './until-stopped.ts';

interface StartOptions {
  once: boolean;
  out?: string;
  rooms: number;
  history: string[];
}

/** More would not fit the interval of the demonstration on a laptop's disk. */
const ROOMS_MAX = 5_000_000;

async function main(): Promise<void> {
  const options = parseOptions();
  const stopped = untilStopped();
  const isStopped = stopped.then(() => 'stopped' as const);
  step('starting ClickHouse, Temporal and SeaweedFS (the first time they are downloaded) …');
  const stack = await startStack({ folder: stackFolder() });
  try {
    const demo = runDemo(stack, options, isStopped);
    if ((await Promise.race([demo, isStopped])) === 'stopped') {
      step('stopping …');
      // Whatever the demonstration was at fails when its servers are gone; it has been asked to end.
      await stack.stop();
      await demo.catch(() => undefined);
    }
  } finally {
    await stack.stop();
  }
}

async function runDemo(
  stack: RunningStack,
  options: StartOptions,
  isStopped: Promise<'stopped'>,
): Promise<'done'> {
  const file = relative('.', writeEnvironmentFile(stack));
  step(`stack ready; logs in ${relative('.', stack.logFolder)}`);
  const intervals = await loadDemoHistory(stack, { rooms: options.rooms, dumps: options.history });
  step(
    `history loaded into ClickHouse: ${options.history.length > 0 ? `${options.history.length} dumps` : 'a recorded call'}${options.rooms > 0 ? ` and ${options.rooms} made-up rooms` : ''}`,
  );
  const worker = await startDemoWorker(stack);
  try {
    await withDemoTemporal(stack, async (connected) => {
      step(`stream ${DEMO_STREAM.name} ${await ensureDemoStream(connected)}, with its schedule`);
      for (const loaded of intervals) {
        step(`run of the interval that ended at ${toRfc3339(loaded.interval.endMs)}`);
        const run = await runDemoInterval(connected, loaded, (progress) =>
          console.log(`    ${describeProgress(progress)}`),
        );
        await showRun(stack, run, options);
        const { workflowId, firstExecutionRunId } = run.handle;
        console.log(
          `\nthe run in the Web UI:\n  ${runPageOf(connected.config, workflowId, firstExecutionRunId)}`,
        );
      }
      if (options.once) return;
      printNext(file, intervals);
      await Promise.race([isStopped, worker.stopped]);
    });
  } finally {
    await worker.stop();
  }
  return 'done';
}

async function showRun(stack: RunningStack, { summary }: DemoRun, { out }: StartOptions): Promise<void> {
  const { manifest } = summary;
  if (manifest === null) throw new Error('the run ended without a manifest');
  const files = openFiles(stack.store);
  try {
    const fetched = await files.fetch(manifest);
    step(
      `${summary.outcome}: ${manifest.rooms} rooms, ${manifest.size_bytes} bytes, CRC-32 ${manifest.raw_crc32} as the manifest says`,
    );
    const room = firstRoomOf(fetched);
    console.log(room === null ? '\nthe file holds no rooms' : `\nthe first room:\n${room}`);
    if (out !== undefined) await save(fetched, out);
    console.log(`\nfile and manifest, fetched while the stack is up:
  ${await files.fetchCommand(fetched.key)}
  ${await files.fetchCommand(fetched.manifestKey)}`);
  } finally {
    await files.close();
  }
}

async function save(fetched: FetchedFile, out: string): Promise<void> {
  for (const path of await fetched.saveTo(out)) step(`wrote ${path}`);
}

function printNext(environmentFile: string, intervals: readonly LoadedInterval[]): void {
  const cli = `node --env-file=${environmentFile} bin/room-streams.mjs`;
  const end = intervals.at(-1)?.interval.endMs ?? 0;
  console.log(`
the command line, in another terminal:
  ${cli} stream list
  ${cli} run show ${DEMO_STREAM.name} ${toRfc3339(end)}
  ${cli} stream trigger ${DEMO_STREAM.name} --end ${toRfc3339(end)} --force

The schedule makes a file every 15 minutes. Ctrl-C ends everything; the data stay for the next npm start.`);
}

function parseOptions(): StartOptions {
  const program = new Command('npm start --')
    .description('runs the main job on an embedded stack: a recorded call becomes a complete file')
    .option('--once', 'end after the run', false)
    .option('--out <dir>', 'write files and manifests there, under their keys')
    .option('--rooms <n>', 'add made-up rooms', parseRooms, 0)
    .option('--history <file...>', 'dumps of your own in place of the recorded call', [])
    .allowExcessArguments(false);
  return program.parse().opts<StartOptions>();
}

function parseRooms(text: string): number {
  const rooms = Number(text);
  if (Number.isInteger(rooms) && rooms >= 0 && rooms <= ROOMS_MAX) return rooms;
  throw new InvalidArgumentError(`got "${text}", allowed: a whole number from 0 to ${ROOMS_MAX}`);
}

function step(text: string): void {
  console.log(`• ${text}`);
}

main().then(
  // Idle connections of the SDK's runtime would hold the process for a while; everything is closed.
  () => process.exit(),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);

// One stream whose interval is exported again and again while faults strike, each file verified. Some runs
// are cancelled in the middle, some see their history change between plan and commit.
import { setTimeout as wait } from 'node:timers/promises';
import { isGrpcServiceError, WorkflowFailedError } from '@temporalio/client';
import { startRun } from '../../client/streams.ts';
import type { RunHandle } from '../../client/streams.ts';
import { readProgress } from '../../client/follow-workflow.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { STACK_DESTINATION } from '../../local/stack-environment.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../workflows/model/key-template.ts';
import type { RunSummary } from '../../workflows/model/run.ts';
import type { StreamDefinition, StreamSettings } from '../../workflows/model/stream.ts';
import { HOUR } from '../export-bench.ts';
import { countRepeatedBatches } from './count-batches.ts';
import type { FaultWorld } from './fault-world.ts';
import type { Random } from './random.ts';
import { verifyFile } from './verify-file.ts';

export interface LaneReport {
  files: number;
  canceled: number;
  changes: number;
  /**
   * Files whose history changed after they were committed: right for their time, made again by the next run.
   */
  late: number;
  /** Batches exported more than once in one run, for whatever reason. */
  batchesRedone: number;
  lost: number;
  doubled: number;
  leftUploads: number;
  problems: string[];
}

export interface LaneOptions {
  name: string;
  rooms: number;
  settings: Partial<StreamSettings>;
  random: Random;
  /** The lane goes on until this says so. */
  isOver: () => boolean;
}

/** One run in so many is cancelled, or sees its history change. */
const CANCEL_ONE_IN = 6;
const CHANGE_ONE_IN = 2;

/** A server that is down is back within seconds; longer than this, something hangs. */
const RUN_TIMEOUT_MS = 5 * 60_000;
const POLL_MS = 50;

export async function runLane(world: FaultWorld, options: LaneOptions): Promise<LaneReport> {
  const { name, rooms, random } = options;
  const report = newReport();
  const span = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
  await patiently(() => makeHistory(world.connection, { rooms, seed: 3, projectId: name, ...span }));
  const stream = streamOf(options);
  while (!options.isOver()) {
    const handle = await patiently(() => startRun(world.connected, { stream, interval: HOUR, force: true }));
    if (random.below(CANCEL_ONE_IN) === 0) {
      await cancelMidway(handle, random);
      report.canceled += 1;
    } else if (random.below(CHANGE_ONE_IN) === 0) {
      await changeMidway(world, { handle, project: name, random });
      report.changes += 1;
    }
    await endRun(world, { handle, report, name });
  }
  // The last word: nothing changes any more, so the file must be the history of now.
  const last = await patiently(() => startRun(world.connected, { stream, interval: HOUR, force: true }));
  await endRun(world, { handle: last, report, name });
  return report;
}

function newReport(): LaneReport {
  const zeros = { files: 0, canceled: 0, changes: 0, late: 0, batchesRedone: 0 };
  return { ...zeros, lost: 0, doubled: 0, leftUploads: 0, problems: [] };
}

async function endRun(
  world: FaultWorld,
  { handle, report, name }: { handle: RunHandle; report: LaneReport; name: string },
): Promise<void> {
  const summary = await resultOf(handle);
  report.batchesRedone += await patiently(() => countRepeatedBatches(handle));
  if (summary === 'canceled') return;
  if (summary.manifest === null) throw new Error(`${handle.workflowId} ended without a manifest`);
  report.files += 1;
  const { manifest } = summary;
  const verdict = await patiently(() => verifyFile(world, { manifest, project: name, interval: HOUR }));
  report.problems.push(...verdict.problems);
  report.lost += verdict.lost;
  report.doubled += verdict.doubled;
  report.leftUploads += verdict.leftUploads;
  if (verdict.isLate) report.late += 1;
}

async function resultOf(handle: RunHandle): Promise<RunSummary | 'canceled'> {
  try {
    return await patiently(() => handle.result());
  } catch (error) {
    if (error instanceof WorkflowFailedError && error.cause?.name === 'CancelledFailure') return 'canceled';
    throw error;
  }
}

async function cancelMidway(handle: RunHandle, random: Random): Promise<void> {
  await untilExporting(handle);
  await random.wait(random.below(500));
  await patiently(() => handle.cancel()).catch((error: unknown) => {
    // It may have ended just before.
    if (!(error instanceof Error && error.name === 'WorkflowNotFoundError')) throw error;
  });
}

/**
 * While batches are under way: a room of the interval is corrected. Waited for, so that the next run sees it
 * whole.
 */
async function changeMidway(
  world: FaultWorld,
  { handle, project, random }: { handle: RunHandle; project: string; random: Random },
): Promise<void> {
  await untilExporting(handle);
  const nth = random.below(100);
  await patiently(() =>
    world.connection.command({
      query: `INSERT INTO rooms SELECT * REPLACE (version + 1 AS version, concat(room_id, '+') AS room_id)
        FROM rooms FINAL WHERE project_id = {project:String} ORDER BY cityHash64(session_id, {nth:UInt32}) LIMIT 1`,
      query_params: { project, nth },
    }),
  );
}

async function untilExporting(handle: RunHandle): Promise<void> {
  const deadlineMs = Date.now() + RUN_TIMEOUT_MS;
  while (Date.now() < deadlineMs) {
    const progress = await readProgress(handle);
    if (progress !== null && progress.state !== 'waiting' && progress.state !== 'planning') return;
    await wait(POLL_MS);
  }
}

/** Calls of the test itself go through crashes of the servers, too. */
async function patiently<Result>(call: () => Promise<Result>): Promise<Result> {
  const deadlineMs = Date.now() + RUN_TIMEOUT_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > deadlineMs || !mayPass(error)) throw error;
    }
    await wait(POLL_MS);
  }
}

function mayPass(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (isGrpcServiceError(at)) {
      const code: number = at.code;
      return PASSING_GRPC_CODES.includes(code);
    }
    if ('code' in at && typeof at.code === 'string' && PASSING_CODES.includes(at.code)) return true;
    if (at.message === 'socket hang up') return true;
  }
  return false;
}

/** Deadline exceeded, resource exhausted, aborted, internal, unavailable. */
const PASSING_GRPC_CODES = [4, 8, 10, 13, 14];
const PASSING_CODES = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'TIMEOUT', 'InternalError', 'SlowDown'];

function streamOf({ name, settings }: LaneOptions): StreamDefinition {
  const whole: StreamSettings = {
    project: name,
    destination: STACK_DESTINATION,
    prefix: '',
    everySeconds: 3_600,
    offsetSeconds: 0,
    settleSeconds: 0,
    format: 'json',
    compression: 'none',
    fields: 'standard',
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    empty: 'write',
    giveUpSeconds: 86_400,
    ...settings,
  };
  return { name, fromMs: 0, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings: whole }] };
}

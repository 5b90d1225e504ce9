// At the end of a scheduled run, checks the few intervals before it and starts runs for those without a file.
// Gaps arise because a schedule silently drops a slot whose workflow id was already used, and a terminated
// run leaves no file. Never fails the run, whose own file is complete.
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { log, ParentClosePolicy, startChild, WorkflowIdReusePolicy } from '@temporalio/workflow';
import { describeInterval, runIdOf } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { ExportRequest } from '../model/run.ts';
import { toStaticDetails, toStaticSummary } from '../model/stream-page.ts';
import { settingsAt, wantedIntervalsBefore } from '../model/stream.ts';
import type { StreamDefinition } from '../model/stream.ts';
import { callLookBack } from './stages.ts';

/** Every interval is checked by several later runs. Older gaps are found by the audit. */
const INTERVALS_BACK = 3;

export async function lookBack(stream: StreamDefinition, interval: Interval): Promise<void> {
  const intervals = wantedIntervalsBefore(stream, interval, INTERVALS_BACK);
  if (intervals.length === 0) return;
  try {
    const { missing } = await callLookBack({ stream, intervals });
    for (const gap of missing) await startMissing({ stream, interval: gap });
  } catch (error) {
    log.warn('could not look at the intervals before', { stream: stream.name, cause: String(error) });
  }
}

async function startMissing(request: ExportRequest & { interval: Interval }): Promise<void> {
  const { stream, interval } = request;
  const settings = settingsAt(stream, interval.startMs);
  log.warn('an earlier interval has no file; its run is started', {
    stream: stream.name,
    interval: describeInterval(interval),
  });
  try {
    await startChild<(request: ExportRequest) => Promise<unknown>>('exportInterval', {
      workflowId: runIdOf(stream.name, interval),
      args: [request],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: toStaticSummary(stream.name, settings, interval),
      staticDetails: toStaticDetails(stream, settings),
      // A completed run is not started again: its file may have been removed on purpose.
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

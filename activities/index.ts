// All stages as activities that share one worker's tools. The worker registers what this returns. Their
// contract is workflows/export/contract.ts.
import type { AuditStages } from '../workflows/audit/contract.ts';
import type { BackfillStages } from '../workflows/backfill/contract.ts';
import { Context } from '@temporalio/activity';
import type { Announcements } from '../workflows/webhooks/contract.ts';
import type { PreflightChecks } from '../workflows/questions/preflight-contract.ts';
import type { Stages } from '../workflows/export/contract.ts';
import type { StatusReading } from '../workflows/questions/status-contract.ts';
import type { Verifying } from '../workflows/questions/verify-contract.ts';
import type { Watching } from '../workflows/watch/contract.ts';
import { abortUpload } from './export/abort-upload.ts';
import { auditIntervals } from './audit/audit-intervals.ts';
import { awaitRun, awaitRuns } from './backfill/await-runs.ts';
import { checkDestination } from './preflight/check-destination.ts';
import { checkHistory } from './preflight/check-history.ts';
import { checkInterval } from './export/check-interval.ts';
import { checkStreams } from './streams/check-streams.ts';
import { completeFile } from './export/complete-file.ts';
import { deliverEvent } from './webhooks/deliver-event.ts';
import { describePolicy } from './preflight/describe-policy.ts';
import { exportBatch } from './export/export-batch.ts';
import { findManifest } from './manifests/find-manifest.ts';
import { findUncovered } from './backfill/find-uncovered.ts';
import { lookBack } from './export/look-back.ts';
import { pauseStream } from './watch/pause-stream.ts';
import { planInterval } from './export/plan-interval.ts';
import { readDefinition } from './streams/read-definition.ts';
import { readStatus } from './status/read-status.ts';
import { runStage } from './runtime/run-stage.ts';
import type { StageRun } from './runtime/run-stage.ts';
import { webhooksFor } from './runtime/stage-tools.ts';
import type { StageTools } from './runtime/stage-tools.ts';
import { startRuns } from './backfill/start-runs.ts';
import { watchStreams } from './watch/watch-streams.ts';
import { verifyFile } from './verify/verify-file.ts';
import { trimSchedule } from './export/trim-schedule.ts';
import { writeManifest } from './export/write-manifest.ts';

export function createStages(
  tools: StageTools,
): Stages &
  PreflightChecks &
  Announcements &
  BackfillStages &
  Watching &
  AuditStages &
  Verifying &
  StatusReading {
  const stage = <Request, Result>(of: (request: Request, run: StageRun) => Promise<Result>) =>
    runStage(of, tools);
  return {
    planInterval: stage((request, run) => planInterval(tools, request, run)),
    exportBatch: stage((request, run) => exportBatch(tools, request, run)),
    checkInterval: stage((request, run) => checkInterval(tools, request, run)),
    completeFile: stage((request, run) => completeFile(tools, request, run)),
    writeManifest: stage((request, run) => writeManifest(tools, request, run)),
    lookBack: stage((request, run) => lookBack(tools, request, run)),
    findManifest: stage((target, run) => findManifest(tools, target, run)),
    readStatus: stage((request, run) => readStatus(tools, request, run)),
    abortUpload: stage((request, run) => abortUpload(tools, request, run)),
    checkStreams: stage(({ streams }, run) =>
      checkStreams(tools, { streams, client: Context.current().client }, run),
    ),
    listDestinations: () => Promise.resolve([...tools.destinations.keys()]),
    checkDestination: stage((request, run) => checkDestination(tools, request, run)),
    checkHistory: () => stage(() => checkHistory(tools))(undefined),
    describePolicy: stage((request) => Promise.resolve(describePolicy(tools, request))),
    listWebhooks: ({ type }) => Promise.resolve(webhooksFor(tools, type)),
    deliverEvent: stage((delivery, run) => deliverEvent(tools, delivery, run)),
    watchStreams: stage((request, run) => watchStreams(tools, request, run)),
    pauseStream: stage((plan) => pauseStream(plan)),
    trimSchedule: stage((request) => trimSchedule(request)),
    awaitRun: stage((request) => awaitRun(request)),
    findUncovered: stage((request, run) => findUncovered(tools, request, run)),
    startRuns: stage((request) => startRuns(request)),
    auditIntervals: stage((request, run) => auditIntervals(tools, request, run)),
    verifyFile: stage((request, run) => verifyFile(tools, request, run)),
    readDefinition: stage((request) => readDefinition(request)),
    awaitRuns: stage((request, run) => awaitRuns(request, run)),
  };
}

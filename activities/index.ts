// All stages as activities, over one worker's tools. The worker registers what this returns; workflows/model/stages.ts is the contract.
import { type AuditStages } from '../workflows/model/audit.ts';
import { type BackfillStages } from '../workflows/model/backfill.ts';
import { Context } from '@temporalio/activity';
import { type Announcements } from '../workflows/model/event.ts';
import { type PreflightChecks } from '../workflows/model/preflight.ts';
import { type Stages } from '../workflows/model/stages.ts';
import { type StatusReading } from '../workflows/model/status.ts';
import { type Verifying } from '../workflows/model/verify.ts';
import { type Watching } from '../workflows/model/watch.ts';
import { abortUpload } from './abort-upload.ts';
import { auditIntervals } from './audit-intervals.ts';
import { awaitRun } from './await-run.ts';
import { awaitRuns } from './await-runs.ts';
import { checkDestination } from './check-destination.ts';
import { checkHistory } from './check-history.ts';
import { checkInterval } from './check-interval.ts';
import { checkStreams } from './check-streams.ts';
import { completeFile } from './complete-file.ts';
import { deliverEvent } from './deliver-event.ts';
import { describePolicy } from './describe-policy.ts';
import { exportBatch } from './export-batch.ts';
import { findManifest } from './find-manifest.ts';
import { findUncovered } from './find-uncovered.ts';
import { lookBack } from './look-back.ts';
import { pauseStream } from './pause-stream.ts';
import { planInterval } from './plan-interval.ts';
import { readDefinition } from './read-definition.ts';
import { readStatus } from './read-status.ts';
import { runStage, type StageRun } from './run-stage.ts';
import { webhooksFor, type StageTools } from './stage-tools.ts';
import { startRuns } from './start-runs.ts';
import { watchStreams } from './watch-streams.ts';
import { verifyFile } from './verify-file.ts';
import { trimSchedule } from './trim-schedule.ts';
import { writeManifest } from './write-manifest.ts';

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

// All stages as activities, over one worker's tools. The worker registers what this returns; workflows/model/stages.ts is the contract.
import { type Announcements } from '../workflows/model/event.ts';
import { type PreflightChecks } from '../workflows/model/preflight.ts';
import { type Stages } from '../workflows/model/stages.ts';
import { abortUpload } from './abort-upload.ts';
import { awaitRun } from './await-run.ts';
import { beginUpload } from './begin-upload.ts';
import { checkDestination } from './check-destination.ts';
import { checkHistory } from './check-history.ts';
import { checkInterval } from './check-interval.ts';
import { checkStream } from './check-stream.ts';
import { completeFile } from './complete-file.ts';
import { deliverEvent } from './deliver-event.ts';
import { describePolicy } from './describe-policy.ts';
import { exportBatch } from './export-batch.ts';
import { lookBack } from './look-back.ts';
import { planInterval } from './plan-interval.ts';
import { runStage } from './run-stage.ts';
import { webhooksFor, type StageTools } from './stage-tools.ts';
import { writeManifest } from './write-manifest.ts';

export function createStages(tools: StageTools): Stages & PreflightChecks & Announcements {
  return {
    planInterval: runStage((request, run) => planInterval(tools, request, run)),
    beginUpload: runStage((request, run) => beginUpload(tools, request, run)),
    exportBatch: runStage((request, run) => exportBatch(tools, request, run)),
    checkInterval: runStage((request, run) => checkInterval(tools, request, run)),
    completeFile: runStage((request, run) => completeFile(tools, request, run)),
    writeManifest: runStage((request, run) => writeManifest(tools, request, run)),
    lookBack: runStage((request, run) => lookBack(tools, request, run)),
    abortUpload: runStage((request, run) => abortUpload(tools, request, run)),
    checkStream: runStage((stream, run) => checkStream(tools, stream, run)),
    listDestinations: () => Promise.resolve([...tools.destinations.keys()]),
    checkDestination: runStage((request, run) => checkDestination(tools, request, run)),
    checkHistory: () => runStage(() => checkHistory(tools))(undefined),
    describePolicy: runStage((request) => Promise.resolve(describePolicy(tools, request))),
    listWebhooks: ({ type }) => Promise.resolve(webhooksFor(tools, type)),
    deliverEvent: runStage((delivery, run) => deliverEvent(tools, delivery, run)),
    awaitRun: runStage((request) => awaitRun(request)),
  };
}

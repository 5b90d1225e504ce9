// The stages of a run as the workflow sees them: what goes into each activity and what comes back. Types
// only. The activities in activities/ implement `Stages`; nothing here holds rooms, credentials or open
// connections.
import type { Interval } from '../model/interval.ts';
import type { Manifest } from '../model/manifest.ts';
import type { ExportedPart, IntervalPlan, PlannedRange } from '../model/plan.ts';
import type { RunSummary } from '../model/run.ts';
import type { StreamDefinition, StreamSettings } from '../model/stream.ts';

/** The interval of a stream that a run makes: handed to every stage. */
export interface Target {
  stream: string;
  settings: StreamSettings;
  interval: Interval;
  /**
   * All that the stream has exported, or will: whose `_latest.json` is the stream's own. Absent: the one of
   * the settings.
   */
  projects?: string[];
}

export interface PlanRequest {
  target: Target;
  /** Make the interval again although a valid manifest covers it. */
  force: boolean;
  /** Real bytes over estimated bytes, learnt from a range that came out too long or too short; 1 at first. */
  bytesScale: number;
  /** Look at the texts of the interval, too: an earlier plan that trusted its counts came out too long. */
  measureTexts: boolean;
}

/** Without an upload the interval gets no file. */
export type PlanOutcome =
  | { outcome: 'already-complete'; manifest: Manifest }
  | { outcome: 'planned'; plan: IntervalPlan; uploadId: string | null };

export interface UploadRequest {
  target: Target;
  key: string;
  writeId: string;
}

export interface BatchRequest extends UploadRequest {
  uploadId: string;
  range: PlannedRange;
  partNumber: number;
  /** The first range opens the file; a range that is first and last closes it, too. */
  isFirst: boolean;
  isLast: boolean;
}

export interface CheckRequest {
  target: Target;
  ranges: PlannedRange[];
}

/**
 * The ranges whose history moved, by their place in the plan, with what they hold now. Empty: nothing moved.
 */
export interface CheckOutcome {
  changed: { index: number; range: PlannedRange }[];
}

export interface CompleteRequest extends UploadRequest {
  uploadId: string;
  parts: ExportedPart[];
}

export interface CompletedFile {
  etag: string;
  bytes: number;
  rawBytes: number;
  crc32: number;
  parts: number;
}

/**
 * Parts that another attempt overwrote with other bytes have to be exported again before the file can be
 * completed.
 */
export type CompleteOutcome =
  { outcome: 'completed'; file: CompletedFile } | { outcome: 'parts-replaced'; partNumbers: number[] };

export interface ManifestRequest {
  target: Target;
  plan: IntervalPlan;
  /** Null when the interval is empty and the stream skips empty files. */
  file: CompletedFile | null;
  faultyRooms: number;
  startedAtMs: number;
}

export interface AbortRequest {
  target: Target;
  key: string;
  uploadId: string;
}

export interface LookBackRequest {
  stream: StreamDefinition;
  intervals: Interval[];
}

export interface LookBackOutcome {
  /** Those of the intervals that have no complete file and no run under way. */
  missing: Interval[];
  /** Uploads that were given up: no run owned them. */
  uploadsAborted: number;
}

/** What a worker finds wrong with each of the streams asked for, in their order; none: it could run. */
export interface StreamChecks {
  problems: string[][];
}

/** Every stage is safe to run again after a crash: its result, not its attempt, is the truth. */
export interface Stages {
  planInterval(request: PlanRequest): Promise<PlanOutcome>;
  exportBatch(request: BatchRequest): Promise<ExportedPart>;
  checkInterval(request: CheckRequest): Promise<CheckOutcome>;
  completeFile(request: CompleteRequest): Promise<CompleteOutcome>;
  writeManifest(request: ManifestRequest): Promise<Manifest>;
  abortUpload(request: AbortRequest): Promise<void>;
  /**
   * Looks at the few intervals before one that is complete: which have no file, and what terminated runs left
   * unfinished there.
   */
  lookBack(request: LookBackRequest): Promise<LookBackOutcome>;
  /** Leaves out of a stream's schedule the grids that were in force before its last change. */
  trimSchedule(request: { stream: string }): Promise<void>;
  /** Waits for the run that already has this workflow id and returns what it ended with. */
  awaitRun(request: { workflowId: string }): Promise<RunSummary>;
  /** The manifest of an interval; null when its file is not complete. */
  findManifest(target: Target): Promise<Manifest | null>;
  /**
   * Everything that can be told before streams run: fields, destinations, whether buckets can be reached,
   * keys that others write.
   */
  checkStreams(request: { streams: StreamDefinition[] }): Promise<StreamChecks>;
}

// The stages of a run as the workflow sees them: the input and the result of each activity. The activities in
// activities/ implement `Stages`. Types only: nothing here holds rooms, credentials or open connections.
import type { Interval } from '../model/interval.ts';
import type { Manifest } from '../model/manifest.ts';
import type { ExportedPart, IntervalPlan, PlannedRange } from '../model/plan.ts';
import type { RunSummary } from '../model/run.ts';
import type { StreamDefinition, StreamSettings } from '../model/stream.ts';

/** The interval that a run exports, with its stream. Every stage receives it. */
export interface Target {
  stream: string;
  settings: StreamSettings;
  interval: Interval;
  /**
   * Every project that the stream has exported or will export. A `_latest.json` of one of them belongs to the
   * stream. When absent, only the project of `settings` counts.
   */
  projects?: string[];
}

export interface PlanRequest {
  target: Target;
  /** Re-export the interval although a valid manifest covers it. */
  force: boolean;
  /**
   * Real bytes divided by estimated bytes. It is learnt from a range that came out too long or too short, and
   * is 1 at first.
   */
  bytesScale: number;
  /**
   * Also measure the texts of the interval. Set when an earlier plan estimated sizes from counts alone and
   * came out too long.
   */
  measureTexts: boolean;
}

/** `uploadId` is null when the interval gets no file. */
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
  /** The first range opens the file and the last one closes it. A single range does both. */
  isFirst: boolean;
  isLast: boolean;
}

export interface CheckRequest {
  target: Target;
  ranges: PlannedRange[];
}

/**
 * The ranges whose history changed, by their index in the plan, with their new fingerprints. Empty when
 * nothing changed.
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
 * `parts-replaced` lists parts that another attempt overwrote with different bytes. They must be exported
 * again before the file can be completed.
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
  /** The intervals that have neither a complete file nor a running export. */
  missing: Interval[];
  /** The number of uploads aborted because no run owned them. */
  uploadsAborted: number;
}

/**
 * The problems that a worker finds with each stream, in the order of the request. A stream without problems
 * can run.
 */
export interface StreamChecks {
  problems: string[][];
}

/**
 * Every stage is idempotent: it can run again after a crash, and a result counts whichever attempt returned
 * it.
 */
export interface Stages {
  planInterval(request: PlanRequest): Promise<PlanOutcome>;
  exportBatch(request: BatchRequest): Promise<ExportedPart>;
  checkInterval(request: CheckRequest): Promise<CheckOutcome>;
  completeFile(request: CompleteRequest): Promise<CompleteOutcome>;
  writeManifest(request: ManifestRequest): Promise<Manifest>;
  abortUpload(request: AbortRequest): Promise<void>;
  /**
   * Checks the few intervals before a complete one. It finds those without a file, and aborts uploads that
   * terminated runs left unfinished there.
   */
  lookBack(request: LookBackRequest): Promise<LookBackOutcome>;
  /** Removes grids from a stream's schedule that were in force only before its last change. */
  trimSchedule(request: { stream: string }): Promise<void>;
  /** Waits for the run that already has this workflow id and returns what it ended with. */
  awaitRun(request: { workflowId: string }): Promise<RunSummary>;
  /** The manifest of an interval; null when its file is not complete. */
  findManifest(target: Target): Promise<Manifest | null>;
  /**
   * Checks everything that can be checked before streams run: fields, destinations, whether buckets can be
   * reached, and whether other streams write the same keys.
   */
  checkStreams(request: { streams: StreamDefinition[] }): Promise<StreamChecks>;
}

// An audit compares what is stored for a range of intervals with today's history. This file has its request,
// its findings, and the activities that it calls. Values are plain and small, because all of them pass
// through Temporal.
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** In the order of the report. Exit codes add one bit for each (client/exit-codes.ts). */
export const FINDING_KINDS = [
  /** There is no manifest: no run was started, or it failed. */
  'missing-interval',
  /** There is a manifest, but no object under its key. */
  'missing-file',
  /** The object is not the one that the manifest names. */
  'file-differs',
  /** Rooms came late or were corrected after the file was made. */
  'history-changed',
  /**
   * The object under the manifest's key is not a manifest. Runs of the interval fail until it is moved away.
   */
  'unreadable-manifest',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** The most findings that the report names; all are counted. Temporal's payloads should stay small. */
export const FINDINGS_NAMED_MAX = 500;

export const REPAIRS_AT_ONCE = 4;

export interface AuditRequest {
  /**
   * With a name, the definition is read when the audit begins, because a nightly audit outlives many
   * definitions.
   */
  stream: StreamDefinition | string;
  /** A range in the past, or how far to look back from the newest interval that has ended. */
  range: Interval | { backSeconds: number };
  /** Re-export intervals with findings. */
  repair: boolean;
  /**
   * Continues as new after this many intervals, or earlier when Temporal suggests it. When absent, only
   * Temporal's suggestion counts.
   */
  intervalsPerExecution?: number;
  /** Set by continue-as-new only. */
  carried?: CarriedAudit;
}

export interface CarriedAudit {
  stream: StreamDefinition;
  range: Interval;
  report: AuditReport;
  cursorMs: number;
}

export interface Finding {
  interval: Interval;
  kind: FindingKind;
  key: string;
  /** What was found, for people. */
  detail: string;
  /** The generation of the manifest; null without one. */
  generation: number | null;
  /** The result of the repair; null when there was none. */
  repair: Repair | null;
}

export type Repair = { outcome: 'repaired' } | { outcome: 'failed'; message: string };

export type AuditState = 'auditing' | 'clean' | 'repaired' | 'found' | 'canceled';

export interface AuditReport {
  stream: string;
  range: Interval;
  repair: boolean;
  state: AuditState;
  /**
   * The intervals in the range that have ended and settled. Intervals that the stream skips are only checked
   * when they have a manifest.
   */
  total: number;
  checked: number;
  /** Intervals without a file whose run was in progress. */
  underWay: number;
  /** Intervals that have not settled yet, so no file is expected. */
  notDue: number;
  /** The findings that are not repaired, by kind. */
  open: Record<FindingKind, number>;
  repaired: number;
  /** The first ones. */
  findings: Finding[];
  ratePerSecond: number;
  startedAtMs: number;
  updatedAtMs: number;
  continued: number;
}

export interface AuditPage {
  findings: Finding[];
  underWay: number;
}

/** The activities of an audit. */
export interface AuditStages {
  auditIntervals(request: { stream: StreamDefinition; intervals: Interval[] }): Promise<AuditPage>;
  /** The definition that the stream's schedule holds now. */
  readDefinition(request: { name: string }): Promise<StreamDefinition>;
}

/** The failure type of an audit with findings that it did not repair; its detail is the report. */
export const AUDIT_FOUND = 'AuditFound';

export function auditIdOf(stream: string, { startMs, endMs }: Interval): string {
  return `audit:${stream}-${toRfc3339(startMs)}-${toRfc3339(endMs)}`;
}

/** The id of a stream's nightly audit schedule, which is also the base of its runs' ids. */
export function auditScheduleIdOf(stream: string): string {
  return `audit:${stream}`;
}

export function openOf({ open }: AuditReport): number {
  return FINDING_KINDS.reduce((sum, kind) => sum + open[kind], 0);
}

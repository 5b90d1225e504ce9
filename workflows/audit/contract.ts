// An audit: holds what is stored of a range of intervals against the history of today. What it is asked, what
// it finds, and the activities that it calls. Plain and small: all of it passes through Temporal.
import { toRfc3339 } from '../model/interval.ts';
import type { Interval } from '../model/interval.ts';
import type { StreamDefinition } from '../model/stream.ts';

/** In the order in which they are told; exit codes add one bit for each (client/exit-codes.ts). */
export const FINDING_KINDS = [
  /** No manifest: nothing ran, or what ran failed. */
  'missing-interval',
  /** A manifest, and no object under its key. */
  'missing-file',
  /** The object is not the one that the manifest names. */
  'file-differs',
  /** Rooms came late or were corrected after the file was made. */
  'history-changed',
  /** What lies under the manifest's key is none; runs of the interval fail until it is moved away. */
  'unreadable-manifest',
] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** Named in the report; all are counted. A payload of Temporal's is to stay small. */
export const FINDINGS_NAMED_MAX = 500;

export const REPAIRS_AT_ONCE = 4;

export interface AuditRequest {
  /** By its name the definition is read when the audit begins: a nightly one outlives many. */
  stream: StreamDefinition | string;
  /** A range that is over, or how far to look back from the newest interval that is. */
  range: Interval | { backSeconds: number };
  /** Make again what is not as it should be. */
  repair: boolean;
  /** Continues as new after so many intervals, if Temporal does not suggest it before. Absent: only then. */
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
  /** Of the manifest found; null without one. */
  generation: number | null;
  /** Null while nobody repaired it; else what that came to. */
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
   * Intervals in the range that are over and settled. Those that the stream does not want are looked at only
   * where they have a manifest.
   */
  total: number;
  checked: number;
  /** Their run was under way and they had no file yet. */
  underWay: number;
  /** Not settled yet: nobody is to miss them. */
  notDue: number;
  /** Of what was found and is not repaired, by kind. */
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

/** The failure of an audit that found what it did not repair; its detail is the report. */
export const AUDIT_FOUND = 'AuditFound';

export function auditIdOf(stream: string, { startMs, endMs }: Interval): string {
  return `audit:${stream}-${toRfc3339(startMs)}-${toRfc3339(endMs)}`;
}

/** The schedule of a stream's nightly audit, and the base from which it makes the ids of its runs. */
export function auditScheduleIdOf(stream: string): string {
  return `audit:${stream}`;
}

export function openOf({ open }: AuditReport): number {
  return FINDING_KINDS.reduce((sum, kind) => sum + open[kind], 0);
}

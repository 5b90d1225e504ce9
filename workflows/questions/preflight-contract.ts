// The preflight: what a worker is asked before streams are made, and what it answers, one line for each
// check. Types only; shared by the workflow, the activities that check, and the command line that prints.
// Holds no credentials.
import type { S3Policy } from './s3-policy.ts';

/**
 * `optional`: not allowed or not there, and nothing depends on it. `not-tried`: a check before it failed, or
 * it could not be undone.
 */
export type CheckOutcome = 'ok' | 'failed' | 'optional' | 'not-tried';

export interface CheckLine {
  name: string;
  outcome: CheckOutcome;
  /** What was found. */
  got: string;
  /** What would be right. */
  allowed: string;
}

export interface DestinationCheck {
  name: string;
  /** Under which prefixes streams write their files; the manifests' is the destination's own. */
  dataPrefixes: string[];
  /**
   * Stands in the keys of what is put for a moment: an attempt that takes over finds what the one before it
   * left.
   */
  probeId: string;
}

export interface DestinationReport {
  name: string;
  bucket: string;
  lines: CheckLine[];
}

export interface PreflightRequest {
  /** Names of destinations; none: all that the worker knows. */
  destinations: string[];
  /** By destination: where its streams write. */
  dataPrefixes: Record<string, string[]>;
  /** For every destination besides. */
  morePrefixes: string[];
  /** What to do: try everything, or only say what rights are needed. */
  asks: 'checks' | 'policy';
}

export interface PreflightReport {
  /** Asked for, and not known to the worker. Then nothing was tried. */
  unknown: string[];
  /** All that the worker knows. */
  known: string[];
  destinations: DestinationReport[];
  history: CheckLine[];
  /** The least rights that the destinations' keys need; null unless asked for. */
  policy: S3Policy | null;
}

export interface PolicyRequest {
  destinations: { name: string; dataPrefixes: string[] }[];
}

/** The activities of the preflight. */
export interface PreflightChecks {
  listDestinations(): Promise<string[]>;
  checkDestination(request: DestinationCheck): Promise<DestinationReport>;
  checkHistory(): Promise<CheckLine[]>;
  describePolicy(request: PolicyRequest): Promise<S3Policy>;
}

/** The same question for every destination: where nothing is known of streams, the whole bucket. */
export const WHOLE_BUCKET = '';

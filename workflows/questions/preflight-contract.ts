// The preflight's request to a worker and its answer, one line for each check. Types only; used by the
// workflow, the activities that check, and the command line that prints. Holds no credentials.
import type { S3Policy } from './s3-policy.ts';

/**
 * `optional`: not allowed or missing, and nothing depends on it. `not-tried`: an earlier check failed, or the
 * check could not be undone.
 */
export type CheckOutcome = 'ok' | 'failed' | 'optional' | 'not-tried';

export interface CheckLine {
  name: string;
  outcome: CheckOutcome;
  /** What was found. */
  got: string;
  /** What was expected. */
  allowed: string;
}

export interface DestinationCheck {
  name: string;
  /** The prefixes under which streams write their files. The prefix of manifests is the destination's own. */
  dataPrefixes: string[];
  /** Part of the keys of temporary objects, so that a later attempt finds the objects of an earlier one. */
  probeId: string;
}

export interface DestinationReport {
  name: string;
  bucket: string;
  lines: CheckLine[];
}

export interface PreflightRequest {
  /** Names of destinations; when empty, all that the worker knows. */
  destinations: string[];
  /** By destination: the prefixes of its streams. */
  dataPrefixes: Record<string, string[]>;
  /** Further prefixes for every destination. */
  morePrefixes: string[];
  /** Try everything, or only list the rights that are needed. */
  asks: 'checks' | 'policy';
}

export interface PreflightReport {
  /** Requested destinations that the worker does not know. If there are any, nothing is tried. */
  unknown: string[];
  /** All that the worker knows. */
  known: string[];
  destinations: DestinationReport[];
  history: CheckLine[];
  /** The minimal rights that the destinations' keys need; null unless requested. */
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

/** Used when no streams are known: the whole bucket is checked. */
export const WHOLE_BUCKET = '';

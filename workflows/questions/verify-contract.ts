// Verifying a file: it is read back as a whole and held against its manifest. What is asked and answered;
// types only.
import type { FindingKind } from '../audit/contract.ts';
import type { Covered } from '../model/cover.ts';
import type { Manifest } from '../model/manifest.ts';

export interface VerifyRequest {
  destination: string;
  key: string;
  /** Also parse each line and hold it against the file's schema. */
  deep: boolean;
  /** The stream and interval whose file it has to be. Absent: whatever file the key names. */
  covers?: Covered;
}

/** What was read. */
export interface ReadFile {
  /** As stored. */
  bytes: number;
  rawBytes: number;
  /** Eight lower-case hexadecimal digits, of the raw bytes. */
  rawCrc32: string;
  rooms: number;
  seconds: number;
}

export interface VerifyReport extends Omit<VerifyRequest, 'covers'> {
  /** Null: the file is what its manifest says. */
  kind: FindingKind | null;
  /** A sentence each; the first ones. */
  problems: string[];
  manifest: Manifest | null;
  /** Null where there was nothing to read. */
  read: ReadFile | null;
}

/** The destinations that the worker knows, when it does not know the one that was asked for. */
export type VerifyAnswer = VerifyReport | { known: string[] };

export interface Verifying {
  listDestinations(): Promise<string[]>;
  verifyFile(request: VerifyRequest): Promise<VerifyReport>;
}

// The verification of a file: it is read back as a whole and compared with its manifest. Types of the request
// and the answer only.
import type { FindingKind } from '../audit/contract.ts';
import type { Covered } from '../model/cover.ts';
import type { Manifest } from '../model/manifest.ts';

export interface VerifyRequest {
  destination: string;
  key: string;
  /** Also parse each line and compare it with the file's schema. */
  deep: boolean;
  /** The stream and interval whose file it must be. When absent, any file under the key is verified. */
  covers?: Covered;
}

/** What was read. */
export interface ReadFile {
  /** The number of stored bytes. */
  bytes: number;
  rawBytes: number;
  /** Eight lower-case hexadecimal digits, of the raw bytes. */
  rawCrc32: string;
  rooms: number;
  seconds: number;
}

export interface VerifyReport extends Omit<VerifyRequest, 'covers'> {
  /** Null when the file matches its manifest. */
  kind: FindingKind | null;
  /** A sentence each; the first ones. */
  problems: string[];
  manifest: Manifest | null;
  /** Null when there was nothing to read. */
  read: ReadFile | null;
}

/** `known` lists the worker's destinations when the requested one is not among them. */
export type VerifyAnswer = VerifyReport | { known: string[] };

export interface Verifying {
  listDestinations(): Promise<string[]>;
  verifyFile(request: VerifyRequest): Promise<VerifyReport>;
}

// The shape of an export run's input, including the state it carries over continue-as-new.
import type { ExportedPart, Fingerprint, IntervalPlan, PlannedRange } from '../model/plan.ts';
import type { CarriedRun, ExportRequest } from '../model/run.ts';
import {
  count,
  filledText,
  list,
  nullable,
  number,
  object,
  optional,
  positive,
  such,
  text,
  truth,
  whole,
} from '../model/shape.ts';
import { definition, interval } from '../model/stream-shape.ts';

const fingerprint = object<Fingerprint>({
  rooms: count,
  peers: count,
  totals: count,
  hash: such('decimal digits', (value) => typeof value === 'string' && /^\d{1,20}$/.test(value)),
});

const bound = object<PlannedRange['from']>({ finalizedAtMs: number, sessionHex: text });

const plan = object<IntervalPlan>({
  key: filledText,
  writeId: filledText,
  generation: positive,
  supersedes: nullable(text),
  manifestEtag: nullable(text),
  replacesObject: truth,
  ranges: list(object<PlannedRange>({ from: bound, to: bound, fingerprint })),
  isSingleRange: truth,
  fingerprint,
  batchesAtOnce: whole(1, 1_000),
  isAnnounced: truth,
});

const part = object<ExportedPart>({
  partNumber: whole(1, 10_000),
  etag: filledText,
  bytes: count,
  rawBytes: count,
  crc32: count,
  rooms: count,
  faultyRooms: count,
  fingerprintAfter: optional(fingerprint),
});

const carriedRun = object<CarriedRun>({
  startedAtMs: number,
  plan,
  uploadId: filledText,
  parts: list(part),
  uploadsBegun: count,
  checksMade: count,
  batchesRedone: count,
  looksBack: truth,
});

export const exportRequest = object<ExportRequest>({
  stream: definition,
  interval: optional(interval),
  force: optional(truth),
  carried: optional(carriedRun),
});

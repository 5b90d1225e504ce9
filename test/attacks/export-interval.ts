// An interval exported by the stages of a run, without Temporal: the plan's fingerprints and ranges, every
// batch by its own stage, and the check. Threads and the store are in memory, so that a run costs little more
// than its statements.
import { BatchBuffers } from '../../activities/batch/batch-buffers.ts';
import type { BatchWriters } from '../../activities/batch/batch-writers.ts';
import { writeBatch } from '../../activities/batch/write-batch.ts';
import { checkInterval } from '../../activities/export/check-interval.ts';
import { exportBatch } from '../../activities/export/export-batch.ts';
import { cutRanges } from '../../activities/scans/cut-ranges.ts';
import { fingerprintIntervals } from '../../activities/scans/fingerprint-intervals.ts';
import { fingerprintRange } from '../../activities/scans/fingerprint-range.ts';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import { openHistoryReader } from '../../clickhouse/history-reader.ts';
import { scanRange, toCollectors } from '../../activities/scans/scan-range.ts';
import { explainFailure } from '../../activities/runtime/run-stage.ts';
import type { StageRun } from '../../activities/runtime/run-stage.ts';
import type { StageTools } from '../../activities/runtime/stage-tools.ts';
import { openObjectStore } from '../../store/object-store.ts';
import type { UploadPart } from '../../store/object-store.ts';
import type { RoomFault } from '../../document/faults.ts';
import { rangeOf } from '../../workflows/model/plan.ts';
import type { PlannedRange } from '../../workflows/model/plan.ts';
import type { Target } from '../../workflows/export/contract.ts';
import { HOUR } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';

const BUFFER_BYTES = 1024 * 1024;

/** Small, so that an interval of a few hundred rooms has several ranges. */
const RANGE_BYTES = 800_000;

const NOWHERE = {
  name: 'memory',
  endpoint: 'http://127.0.0.1:9',
  region: 'r',
  bucket: 'b',
  pathStyle: true,
  manifestPrefix: '',
  accessKeyId: 'k',
  secretAccessKey: 's',
};

const NOTHING = { rooms: new Uint8Array(), peers: new Uint8Array(), totals: new Uint8Array() };

/** What a run of an interval comes to, as far as the history decides it. */
export interface ExportedInterval {
  /** The rooms, in latin1. */
  file: string;
  ranges: number;
  rooms: number;
  /** Of the plan and of an audit. */
  fingerprints: string[];
  /** The rooms that break the contract, and how. */
  faults: string;
}

/** Exports the hour of a project. @throws ApplicationFailure, as Temporal would keep it */
export async function exportInterval(
  connection: HistoryConnection,
  projectId: string,
  rangeBytes = RANGE_BYTES,
): Promise<ExportedInterval> {
  const parts = new Map<number, UploadPart>();
  const faults: RoomFault[] = [];
  const { tools, close } = makeTools(connection, { parts, noteFaults: (found) => faults.push(...found) });
  try {
    const exported = await runStages(tools, { projectId, rangeBytes, parts });
    return { ...exported, faults: JSON.stringify(faults) };
  } catch (error) {
    throw await explainFailure(error, tools);
  } finally {
    await close();
  }
}

async function runStages(
  tools: StageTools,
  { projectId, rangeBytes, parts }: { projectId: string; rangeBytes: number; parts: Map<number, UploadPart> },
): Promise<Omit<ExportedInterval, 'faults'>> {
  const { signal } = new AbortController();
  const run: StageRun = { signal, report: () => undefined, workflowId: 'w', runId: 'r' };
  const { revisions } = makeStream('s', {
    destination: NOWHERE.name,
    project: projectId,
    fields: 'extended',
    format: 'ndjson',
  });
  const settings = revisions[0]?.settings;
  if (settings === undefined) throw new Error('the stream has no settings');
  const target: Target = { stream: 's', settings, interval: HOUR };
  const whole = await fingerprintRange(tools.history, { projectId, ...rangeOf(HOUR) }, signal);
  const cut = { projectId, interval: HOUR, fields: settings.fields, rangeBytes, bytesScale: 1 };
  const ranges: PlannedRange[] = [];
  for (const range of await cutRanges(tools.history, cut, signal))
    ranges.push({
      ...range,
      fingerprint: await fingerprintRange(tools.history, { projectId, ...range }, signal),
    });
  let rooms = 0;
  for (const [index, range] of ranges.entries()) {
    // Of one room a line every part may be the last: only the last part of a file may be short.
    const place = { partNumber: index + 1, isFirst: index === 0, isLast: true };
    const ids = { key: 'k', writeId: 'w', uploadId: 'u' };
    rooms += (await exportBatch(tools, { target, ...ids, range, ...place }, run)).rooms;
  }
  const { changed } = await checkInterval(tools, { ranges, target }, run);
  if (changed.length > 0) throw new Error(`the history has moved in ${changed.length} ranges`);
  const audited = { projectId, everySeconds: 3_600, intervals: [HOUR] };
  const [audit] = await fingerprintIntervals(tools.history, audited, signal);
  return {
    file: [...parts.values()]
      .sort((a, b) => a.partNumber - b.partNumber)
      .map(({ body }) => body.toString('latin1'))
      .join(''),
    ranges: ranges.length,
    rooms,
    fingerprints: [JSON.stringify(whole), JSON.stringify(audit)],
  };
}

function makeTools(
  connection: HistoryConnection,
  { parts, noteFaults }: { parts: Map<number, UploadPart>; noteFaults: (faults: RoomFault[]) => void },
): { tools: StageTools; close: () => Promise<unknown> } {
  const reader = openHistoryReader(connection);
  // A server that does not end a query is a line in the log of the activity, and there is none.
  const history = {
    ...reader,
    killQueries: (ids: readonly string[]) => reader.killQueries(ids).catch(() => undefined),
  };
  const store = openObjectStore(NOWHERE);
  const remembering = {
    ...store,
    uploadPart: (part: UploadPart) => {
      parts.set(part.partNumber, { ...part, body: Buffer.from(part.body) });
      return Promise.resolve({ etag: 'e' });
    },
  };
  const writers: BatchWriters = {
    async write({ scan, options, output }, signal) {
      const buffer = () => new ArrayBuffer(BUFFER_BYTES);
      const buffers = toCollectors({ rooms: buffer(), peers: buffer(), totals: buffer() }, 1e9);
      if (scan === null) return writeBatch(NOTHING, options, output);
      const scanned = await scanRange(history.client, { ...scan, signal }, buffers);
      const written = writeBatch(scanned, options, output);
      noteFaults(written.faults);
      // Rooms with faults are logged, and there is no activity to log for.
      return { ...written, faults: [] };
    },
    close: () => Promise.resolve(),
  };
  const tools: StageTools = {
    history,
    writers,
    buffers: new BatchBuffers(BUFFER_BYTES),
    destinations: new Map([[NOWHERE.name, { destination: NOWHERE, store: remembering }]]),
    batches: { atOnce: 1, threads: 1, rangeBytesPlain: 1e8, rangeBytesGzip: 1e8 },
    webhooks: new Map(),
    pauseAfterFailed: 0,
    ui: null,
    hide: (text) => text,
    nowMs: () => 0,
    newId: () => 'id',
  };
  return { tools, close: () => Promise.all([history.close(), store.close()]) };
}

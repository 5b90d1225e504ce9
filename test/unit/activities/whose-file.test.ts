// Whose object is stored under a key, as the last two stages see it: told by the write id, since two runs of
// one history store the same bytes. Over a store that answers as it is told.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeFile } from '../../../activities/export/complete-file.ts';
import type { StageRun } from '../../../activities/runtime/run-stage.ts';
import { FileReplacedError } from '../../../activities/runtime/stage-errors.ts';
import type { StageTools } from '../../../activities/runtime/stage-tools.ts';
import { openObjectStore } from '../../../store/object-store.ts';
import type { ObjectHead, ObjectStore } from '../../../store/object-store.ts';
import { writeManifest } from '../../../activities/export/write-manifest.ts';
import type { Manifest } from '../../../workflows/model/manifest.ts';
import type { IntervalPlan } from '../../../workflows/model/plan.ts';
import { settingsAt } from '../../../workflows/model/stream.ts';
import { HOUR } from '../../export-bench.ts';
import { makeStream } from '../../../local/make-stream.ts';

const DESTINATION = {
  name: 'local',
  endpoint: 'http://127.0.0.1:9',
  region: 'r',
  bucket: 'b',
  pathStyle: true,
  manifestPrefix: '_manifests/',
  accessKeyId: 'k',
  secretAccessKey: 's',
};

const STREAM = makeStream('calls');
const TARGET = { stream: STREAM.name, settings: settingsAt(STREAM, HOUR.startMs), interval: HOUR };
const NOTHING_HELD = { rooms: 0, peers: 0, totals: 0, hash: '0' };
const PLAN: IntervalPlan = {
  key: 'calls.json',
  writeId: 'ours',
  generation: 1,
  supersedes: null,
  manifestEtag: null,
  replacesObject: false,
  ranges: [],
  isSingleRange: true,
  fingerprint: NOTHING_HELD,
  batchesAtOnce: 1,
  isAnnounced: false,
};
const FILE = { etag: 'e', bytes: 3, rawBytes: 3, crc32: 0, parts: 1 };

const OURS = headOf('ours');
/** The same bytes, and so the same ETag and size. */
const OF_OTHERS = headOf('others');

describe('a file whose bytes another run also stored', () => {
  it('gets no manifest from this run', async () => {
    const { tools, put } = storeWith(() => OF_OTHERS);
    await assert.rejects(
      writeManifest(tools, requestOf(), RUN),
      (error: unknown) =>
        error instanceof FileReplacedError && /is not the one this run completed/.test(error.message),
    );
    assert.deepEqual(put, []);
  });

  it('gets a manifest while it belongs to this run', async () => {
    const { tools, put } = storeWith(() => OURS);
    assert.equal((await writeManifest(tools, requestOf(), RUN)).write_id, 'ours');
    assert.deepEqual(put, ['_manifests/calls.json.manifest.json', '_manifests/calls/_latest.json']);
  });

  it("is not treated as this run's file when it is completed", async () => {
    const { tools } = storeWith(() => OF_OTHERS);
    await assert.rejects(
      completeFile(tools, completion(), RUN),
      /another object is stored there: 3 bytes, write id others$/,
    );
  });
});

describe('a file that the store does not have', () => {
  it('is reported as missing, not as another file', async () => {
    const { tools } = storeWith(() => null);
    await assert.rejects(
      completeFile(tools, completion(), RUN),
      /^NotCompletedError: calls\.json: completed, but the store has no object there \(HTTP 404\)$/,
    );
    await assert.rejects(
      writeManifest(tools, requestOf(), RUN),
      /the store has no object there any more \(HTTP 404\), though this run completed one$/,
    );
  });
});

const RUN: StageRun = {
  signal: new AbortController().signal,
  workflowId: 'w',
  runId: 'r',
  report: () => undefined,
};

function headOf(writeId: string): ObjectHead {
  return { etag: 'e', size: 3, contentType: 'application/json', metadata: { 'write-id': writeId } };
}

function requestOf() {
  return { target: TARGET, plan: PLAN, file: FILE, faultyRooms: 0, startedAtMs: 0 };
}

function completion() {
  const part = { partNumber: 1, etag: 'p', bytes: 3, rawBytes: 3, crc32: 0, rooms: 0, faultyRooms: 0 };
  return { target: TARGET, key: PLAN.key, writeId: PLAN.writeId, uploadId: 'u', parts: [part] };
}

/** Takes every completion and record; says of each object what `head` says. */
function storeWith(head: () => ObjectHead | null): { tools: StageTools; put: string[] } {
  const put: string[] = [];
  const store: ObjectStore = Object.assign(openObjectStore(DESTINATION), {
    head: () => Promise.resolve(head()),
    getObject: () => Promise.resolve(null),
    completeUpload: () => Promise.resolve({ etag: 'e' }),
    putObject: ({ key, body }: { key: string; body: Buffer }) => {
      assert.ok((JSON.parse(body.toString()) as Partial<Manifest>).key === PLAN.key);
      put.push(key);
      return Promise.resolve({ etag: 'm' });
    },
  });
  const destinations = new Map([[DESTINATION.name, { destination: DESTINATION, store }]]);
  return { put, tools: { destinations, nowMs: () => 0 } as unknown as StageTools };
}

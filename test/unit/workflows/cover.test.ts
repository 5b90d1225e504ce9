// What a manifest and a pointer cover: an interval under the settings in force, field by field. One function
// for all who ask.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseFoundLatest, parseFoundManifest } from '../../../activities/manifests/manifest-record.ts';
import { coverFieldsOf, coversInterval, manifestProblems, pointsAt } from '../../../workflows/model/cover.ts';
import type { CoverFields } from '../../../workflows/model/cover.ts';
import { MANIFEST_FIELDS, POINTER_FIELDS } from '../../../workflows/model/manifest.ts';
import type { LatestPointer, Manifest } from '../../../workflows/model/manifest.ts';
import { settingsAt } from '../../../workflows/model/stream.ts';
import type { StreamSettings } from '../../../workflows/model/stream.ts';
import { HOUR, HOUR_MS } from '../../export-bench.ts';
import { makeStream } from '../../../local/make-stream.ts';

const STREAM = makeStream('swap', { project: 'b' });
const SETTINGS = settingsAt(STREAM, HOUR.startMs);
const BUCKET = 'files';

function wantedUnder(changes: Partial<StreamSettings>): CoverFields {
  return coverFieldsOf({ stream: 'swap', settings: { ...SETTINGS, ...changes }, interval: HOUR }, BUCKET);
}

function manifestOf(changes: Partial<Manifest> = {}): Manifest {
  return {
    ...wantedUnder({}),
    manifest_version: 1,
    every_seconds: 3_600,
    settle_seconds: 0,
    file_written: true,
    etag: 'e',
    size_bytes: 3,
    raw_size_bytes: 3,
    raw_crc32: '00000000',
    rooms: 0,
    peers: 0,
    rooms_with_faults: 0,
    parts: 1,
    history_fingerprint: { rooms: 0, peers: 0, totals: 0, hash: '0' },
    generation: 1,
    supersedes: null,
    write_id: 'w',
    workflow_id: 'i',
    run_id: 'r',
    started_at: '2026-11-23T11:00:00.000Z',
    completed_at: '2026-11-23T11:00:01.000Z',
    ...changes,
  };
}

function pointerOf(changes: Partial<LatestPointer> = {}): LatestPointer {
  return {
    ...wantedUnder({}),
    manifest_key: '_manifests/m',
    rooms: 0,
    size_bytes: 3,
    started_at: '2026-11-23T11:00:00.000Z',
    completed_at: '2026-11-23T11:00:01.000Z',
    ...changes,
  };
}

/** One field of another file each. */
const OTHERS: readonly Partial<Manifest>[] = [
  { project: 'a' },
  { stream: 'other' },
  { interval_start: '2026-11-23T09:00:00Z' },
  { interval_end: '2026-11-23T12:00:00Z' },
  { destination: 'other' },
  { bucket: 'other' },
  { key: 'other.json' },
  { format: 'ndjson' },
  { compression: 'gzip' },
  { fields: 'extended' },
  { schema_version: 2 },
  { formula_versions: { measurements: 2 } },
  { formula_versions: {} },
  { formula_versions: { measurements: 1, more: 1 } },
];

describe('a manifest', () => {
  it('covers its interval under the settings that made it, with a file and without one', () => {
    assert.ok(coversInterval(manifestOf(), wantedUnder({})));
    assert.ok(
      coversInterval(manifestOf({ file_written: false, etag: null, size_bytes: 0 }), wantedUnder({})),
    );
  });

  for (const other of OTHERS)
    it(`does not cover an interval when it has ${JSON.stringify(other)}, with a file and without one`, () => {
      for (const file_written of [true, false]) {
        const problems = manifestProblems(manifestOf({ ...other, file_written }), wantedUnder({}));
        assert.deepEqual(
          problems.map(({ field }) => field),
          Object.keys(other),
        );
      }
      const bucketOf = () => BUCKET;
      assert.equal(pointsAt(pointerOf(other as Partial<LatestPointer>), STREAM, bucketOf), false);
    });

  it("does not cover an interval once a setting that affects the file's bytes has changed", () => {
    for (const change of [
      { project: 'a' },
      { destination: 'other' },
      { prefix: 'x/' },
      { keyTemplate: '{start}.{ext}' },
      { format: 'ndjson' },
      { compression: 'gzip' },
      { fields: 'extended' },
    ] satisfies Partial<StreamSettings>[])
      assert.equal(coversInterval(manifestOf(), wantedUnder(change)), false, JSON.stringify(change));
    for (const change of [{ settleSeconds: 9 }, { giveUpSeconds: 99 }, { empty: 'skip' }] as const)
      assert.ok(coversInterval(manifestOf(), wantedUnder(change)), JSON.stringify(change));
  });

  it('covers nothing when a field is missing, but is still read', () => {
    for (const field of MANIFEST_FIELDS) {
      const found = manifestOf();
      Reflect.deleteProperty(found, field);
      const read = parseFoundManifest(Buffer.from(JSON.stringify(found)), 'm');
      const problems = manifestProblems(read, wantedUnder({}));
      assert.deepEqual(
        problems.map(({ field: named, got }) => [named, got]),
        [[field, 'nothing']],
      );
    }
    for (const field of POINTER_FIELDS) {
      const found = pointerOf();
      Reflect.deleteProperty(found, field);
      const read = parseFoundLatest(Buffer.from(JSON.stringify(found)), 'p');
      assert.equal(
        pointsAt(read, STREAM, () => BUCKET),
        false,
        field,
      );
    }
  });

  it('never crashes its reader, whatever JSON it contains', () => {
    const fields = fc.subarray([...MANIFEST_FIELDS], { minLength: 1 });
    fc.assert(
      fc.property(fields, (kept) => {
        const found = Object.fromEntries(
          Object.entries(manifestOf()).filter(([name]) => kept.includes(name as never)),
        );
        const isAll = kept.length === MANIFEST_FIELDS.length;
        assert.equal(coversInterval(found, wantedUnder({})), isAll);
      }),
    );
  });
});

describe('the pointer to the newest interval', () => {
  it('counts only for an interval that the stream has, under the settings in force there', () => {
    const bucketOf = (name: string) => (name === 'local' ? BUCKET : undefined);
    assert.ok(pointsAt(pointerOf(), STREAM, bucketOf));
    const quarters = makeStream('swap', { project: 'b', everySeconds: 900 });
    assert.equal(pointsAt(pointerOf(), quarters, bucketOf), false);
    const elsewhere = makeStream('swap', { project: 'b', destination: 'moon' });
    assert.equal(pointsAt(pointerOf(), elsewhere, bucketOf), false);
    // The project changed after that interval: what was made before is still the stream's own.
    const settings = { ...SETTINGS, project: 'c' };
    const handed = { ...STREAM, revisions: [...STREAM.revisions, { fromMs: HOUR.endMs, settings }] };
    assert.ok(pointsAt(pointerOf(), handed, bucketOf));
    const nextHour = {
      interval_start: '2026-11-23T11:00:00Z',
      interval_end: new Date(HOUR.endMs + HOUR_MS).toISOString(),
    };
    assert.equal(pointsAt(pointerOf(nextHour), handed, bucketOf), false);
  });
});

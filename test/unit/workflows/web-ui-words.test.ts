// The words of the Web UI: a run's progress and a stream's settings as markdown, and what a failure tells an
// operator to mend.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toFailure } from '../../../activities/runtime/to-failure.ts';
import { STORE_ERROR_CLASSES, StoreError } from '../../../store/store-errors.ts';
import { KEY_TEMPLATE_DEFAULT } from '../../../workflows/model/key-template.ts';
import { toMarkdown } from '../../../workflows/export/progress-page.ts';
import { changeProgress, newProgress } from '../../../workflows/model/run.ts';
import type { RunProgress } from '../../../workflows/model/run.ts';
import { toStaticDetails, toStaticSummary } from '../../../workflows/model/stream-page.ts';
import type { StreamSettings } from '../../../workflows/model/stream.ts';

const HOUR = { startMs: Date.UTC(2026, 10, 23, 10), endMs: Date.UTC(2026, 10, 23, 11) };
const AT_WORK: RunProgress = {
  ...newProgress('calls', HOUR, HOUR.endMs),
  state: 'exporting',
  key: 'rooms/calls--1.json',
  generation: 2,
  roomsPlanned: 8_000,
  roomsDone: 2_000,
  batchesPlanned: 4,
  batchesDone: 1,
  rawBytesDone: 7_300_000,
  exportStartedAtMs: HOUR.endMs,
  updatedAtMs: HOUR.endMs + 2_000,
};

/** Without the spaces that only a browser needs. */
function plain(markdown: string): string {
  return markdown.replaceAll('\u2003\u2060', ' ');
}

describe('the progress of a run', () => {
  it('is shown as a bar, a table of facts, and the key in a block of its own', () => {
    assert.equal(
      plain(toMarkdown(AT_WORK)),
      `**exporting** █████░░░░░░░░░░░░░░░ 25 %

| | |
|---|---|
| Interval  | 2026-11-23T10:00:00Z..2026-11-23T11:00:00Z |
| Rooms  | 2,000 of 8,000 |
| Batches  | 1 of 4 |
| Bytes  | 7.3 MB before compression |
| Speed  | 1,000 rooms/s, about 6 s left |
| Generation  | 2, re-exported |
| Updated  | 2026-11-23T11:00:02Z |

\`\`\`
rooms/calls--1.json
\`\`\``,
    );
  });

  it('shows only what is known before the plan, and puts the reason of a failure first', () => {
    const waiting = newProgress('calls', HOUR, HOUR.endMs);
    assert.doesNotMatch(toMarkdown(waiting), /Rooms|Generation|%/);
    const failed = { ...waiting, state: 'failed' as const, note: 'mend this\nand that' };
    assert.match(toMarkdown(failed), /^\*\*failed\*\*\n\n> mend this\n> and that\n\n\|/);
  });

  it('is complete for an interval without rooms', () => {
    const empty = { ...AT_WORK, roomsPlanned: 0, roomsDone: 0, batchesPlanned: 1, batchesDone: 0 };
    assert.match(toMarkdown(empty), /█{20} 100 %/);
  });
});

describe('the states of a run', () => {
  it('are recorded with the work done when the run entered each, however often it was queried', () => {
    const planned = changeProgress(newProgress('calls', HOUR, 0), { state: 'planning' }, 10);
    const half = changeProgress(changeProgress(planned, { state: 'exporting' }, 20), { roomsDone: 5 }, 25);
    const done = changeProgress(half, { state: 'checking', roomsDone: 9 }, 30);
    const seen = done.states.map(({ state, atMs, roomsDone }) => [state, atMs, roomsDone]);
    const expected = [
      ['waiting', 0, 0],
      ['planning', 10, 0],
      ['exporting', 20, 0],
      ['checking', 30, 9],
    ];
    assert.deepEqual(seen, expected);
  });

  it('are recorded up to a limit when a run loops', () => {
    let progress = newProgress('calls', HOUR, 0);
    for (let atMs = 1; atMs <= 200; atMs += 1)
      progress = changeProgress(progress, { state: atMs % 2 === 0 ? 'checking' : 'exporting' }, atMs);
    assert.equal(progress.states.length, 50);
    assert.equal(progress.states.at(-1)?.atMs, 200);
  });
});

describe('the description of a stream', () => {
  const settings: StreamSettings = {
    everySeconds: 5_400,
    offsetSeconds: 0,
    settleSeconds: 60,
    giveUpSeconds: 86_400,
    project: 'acme',
    destination: 'lake',
    prefix: 'rooms/',
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    format: 'ndjson',
    compression: 'gzip',
    fields: 'extended',
    empty: 'skip',
  };
  it('names project, destination and interval in one line, and the settings in a table', () => {
    assert.equal(toStaticSummary('calls', settings), 'stream calls: project acme to lake');
    assert.match(
      toStaticSummary('calls', settings, HOUR),
      /lake, 2026-11-23T10:00:00Z\.\.2026-11-23T11:00:00Z$/,
    );
    const stream = { name: 'calls', fromMs: 0, untilMs: HOUR.endMs, skipped: [], revisions: [] };
    const details = plain(toStaticDetails(stream, settings));
    for (const row of [
      '| Every  | 90 min |',
      "| Settle  | 1 min after the interval's end |",
      '| File  | `.ndjson.gz`, extended fields |',
      '| Without rooms  | no file, a manifest |',
      '| Gives up  | 1 d after it could begin |',
      '| Ends  | 2026-11-23T11:00:00Z |',
    ])
      assert.ok(details.includes(row), `${row} in ${details}`);
  });
});

describe('a failure of the store', () => {
  const permanent = [...STORE_ERROR_CLASSES].filter(([, kind]) => kind === 'permanent');
  for (const [code] of permanent)
    it(`first says what to fix: ${code}`, () => {
      const facts = { operation: 'head', code, status: 400, key: 'k', destination: 'eu-lake' };
      const { message, nonRetryable } = toFailure(new StoreError(facts, 'no'));
      assert.equal(nonRetryable, true);
      assert.match(message, /^destination eu-lake: \S.+\. The store says: head of k: no \(/);
      assert.doesNotMatch(message, /[{}]/);
    });

  it('names the variable or the command', () => {
    const facts = { operation: 'head', status: 403, key: 'k', destination: 'eu-lake' };
    const said = (code: string): string => toFailure(new StoreError({ ...facts, code }, 'no')).message;
    assert.match(said('NoSuchBucket'), /make the bucket, or correct DESTINATION_EU_LAKE_BUCKET\./);
    assert.match(said('AccessDenied'), /the rights that room-streams preflight eu-lake --policy prints\./);
  });
});

// The note of a paused schedule: written and read again, whatever a person puts behind the time.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  missedFromMs,
  parsePauseNote,
  resumedAtMs,
  toCreatingNote,
  toPauseNote,
  toResumeNote,
} from '../../../workflows/model/pause-note.ts';

describe('the note of a paused stream', () => {
  it('gives back the time in whole seconds, and the text', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.option(fc.string({ minLength: 1, unit: 'grapheme' })),
        (seconds, words) => {
          const note = toPauseNote(seconds * 1000 + 999, words);
          assert.deepEqual(parsePauseNote(note), { atMs: seconds * 1000, words });
        },
      ),
    );
  });

  it('gives no time when it contains none', () => {
    for (const note of [null, '', 'Paused via UI', 'paused at noon', ' paused at 2026-11-26T10:00:00Z'])
      assert.equal(parsePauseNote(note), null);
  });

  it('is treated as written by somebody else when its time does not exist', () => {
    assert.equal(parsePauseNote('paused at 2026-02-30T10:00:00Z: by hand'), null);
    assert.equal(missedFromMs('paused at 2026-02-30T10:00:00Z: by hand'), null);
    assert.equal(resumedAtMs('resumed at 2026-13-01T10:00:00Z'), null);
    assert.equal(
      missedFromMs(
        'paused at 2026-03-02T10:00:00Z: 5 intervals in a row failed, from 2026-02-30T10:00:00Z on.',
      ),
      null,
    );
  });

  it('gives the start of the missed intervals when the stream was created with a past', () => {
    const atMs = Date.UTC(2026, 10, 26, 10);
    const fromMs = Date.UTC(2025, 0, 1);
    const note = toCreatingNote('calls', { atMs, fromMs });
    assert.equal(parsePauseNote(note)?.atMs, atMs);
    assert.equal(missedFromMs(note), fromMs);
    assert.match(note, /room-streams stream resume calls$/);
    assert.equal(
      toResumeNote(note, { atMs, sinceMs: fromMs }),
      'created at 2026-11-26T10:00:00Z; what was over since 2025-01-01T00:00:00Z is made by a backfill',
    );
    const paused = toPauseNote(fromMs, 'the store is moved');
    assert.equal(missedFromMs(paused), fromMs);
    assert.equal(
      toResumeNote(paused, { atMs, sinceMs: fromMs }),
      'resumed at 2026-11-26T10:00:00Z; was paused since 2025-01-01T00:00:00Z',
    );
  });
});

// The note of a paused schedule: written and read again, whatever a person puts behind the time.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePauseNote, toPauseNote } from '../../workflows/model/pause-note.ts';

describe('the note of a paused stream', () => {
  it('gives back the time, in whole seconds, and the words', () => {
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

  it('says of a note without a time that it has none', () => {
    for (const note of [null, '', 'Paused via UI', 'paused at noon', ' paused at 2026-11-26T10:00:00Z'])
      assert.equal(parsePauseNote(note), null);
  });
});

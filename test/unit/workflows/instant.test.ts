// Times that people and records write: what does not exist is refused, whoever writes it, and never moved to
// another day.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseFoundManifest } from '../../../activities/manifests/manifest-record.ts';
import { parseInstantMs } from '../../../client/parse-arguments.ts';
import { parseStreamsFile } from '../../../client/streams-file.ts';
import { readCallTime } from '../../../importers/formats/call-time.ts';
import { INSTANT_MS_MAX, isInstant, toInstantMs } from '../../../workflows/model/instant.ts';
import { toRfc3339 } from '../../../workflows/model/interval.ts';
import { parsePauseNote } from '../../../workflows/model/pause-note.ts';

/** In the form that every reader takes; the calendar, or the years of streams, have none of them. */
const NONE = [
  '2026-02-29T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-00-10T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-11-00T00:00:00Z',
  '2026-11-32T00:00:00Z',
  '2026-11-23T24:00:00Z',
  '2026-11-23T10:60:00Z',
  '2026-11-23T10:00:60Z',
  '0000-01-01T00:00:00Z',
  '0026-11-23T00:00:00Z',
  '1969-12-31T23:59:59Z',
  '3000-01-01T00:00:00Z',
];

/** What a person may type, and no reader takes. */
const OTHER_FORMS = [
  '',
  '2026-11-23',
  '2026-11-23T10:00:00',
  '2026-11-23T10:00:00.5Z',
  '2026-11-23T10:00:00+24:00',
  '2026-11-23 10:00:00Z',
  '+002026-11-23T10:00:00Z',
  '1970-01-01T00:00:00+01:00',
  'now',
];

describe('a time that does not exist', () => {
  for (const text of NONE)
    it(`is refused on the command line, in a file of streams, in a note and in a manifest: ${text}`, () => {
      const says = (error: unknown) =>
        error instanceof Error &&
        error.message.startsWith(
          `got "${text}", allowed: a time with its zone, in whole seconds, of a date that exists`,
        );
      assert.throws(() => parseInstantMs(text), says);
      for (const field of ['from', 'until']) {
        const file = `streams:\n  - name: calls\n    project: a\n    destination: local\n    ${field}: ${text}\n`;
        const parsed = parseStreamsFile(file, 'f.yaml');
        assert.ok('problems' in parsed);
        assert.ok(
          parsed.problems[0]?.startsWith(`f.yaml:5: ${field}: got "${text}", allowed: `),
          parsed.problems[0],
        );
      }
      assert.equal(parsePauseNote(`paused at ${text}: words`), null);
      const record = Buffer.from(JSON.stringify({ manifest_version: 1, key: 'k', interval_start: text }));
      assert.throws(
        () => parseFoundManifest(record, 'k'),
        (error: Error) =>
          error.message.includes(`interval_start: got "${text}": allowed: a time that exists`),
      );
    });

  it('is also refused on the command line in every other form', () => {
    for (const text of OTHER_FORMS)
      assert.throws(() => parseInstantMs(text), /allowed: a time with its zone/, text);
  });

  it('is not accepted as a time of a call, in either form that recorders write', () => {
    assert.equal(readCallTime('2026-02-28T10:00:00Z'), Date.UTC(2026, 1, 28, 10));
    assert.equal(readCallTime('2026-02-30T10:00:00Z'), null);
    assert.equal(readCallTime('Sat Feb 28 2026 10:00:00 GMT+0000 (UTC)'), Date.UTC(2026, 1, 28, 10));
    assert.equal(readCallTime('Mon Feb 30 2026 10:00:00 GMT+0000 (UTC)'), null);
    assert.equal(readCallTime('Sat, 28 Feb 2026 10:00:00 GMT'), Date.UTC(2026, 1, 28, 10));
    assert.equal(readCallTime('Mon, 30 Feb 2026 10:00:00 GMT'), null);
  });
});

describe('a time that exists', () => {
  it('is read as written, whatever its zone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: INSTANT_MS_MAX / 1000 }), (seconds) => {
        const text = toRfc3339(seconds * 1000);
        assert.equal(toInstantMs(text), seconds * 1000);
        assert.equal(parseInstantMs(text), seconds * 1000);
        assert.ok(isInstant(text));
      }),
    );
    assert.equal(parseInstantMs('2026-11-23T11:15+01:00'), Date.UTC(2026, 10, 23, 10, 15));
    assert.equal(parseInstantMs('2024-02-29T00:00:00.000Z'), Date.UTC(2024, 1, 29));
  });
});

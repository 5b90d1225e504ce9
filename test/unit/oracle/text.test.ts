// The oracle's text: what becomes of any bytes, which keys a room has in which order, what stands around
// rooms, and what a comparison of two files says. Readers that are not ours decide what is right: JSON.parse
// and the web's TextDecoder.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareFiles } from '../../oracle/compare-files.ts';
import { toFileText } from '../../oracle/file-text.ts';
import { toByteText } from '../../oracle/history-rows.ts';
import { toHoldingRoom } from '../../oracle/holding-rows.ts';
import type { HoldingRoom } from '../../oracle/holding-rows.ts';
import { toJsonText, toWellFormed } from '../../oracle/json-text.ts';
import { makeHistory } from '../../oracle/make-history.ts';
import { toRoomHistory } from '../../oracle/make-room.ts';
import { toRoomText } from '../../oracle/room-text.ts';

const wellFormedText = fc.string({ unit: 'binary' });

describe("the oracle's JSON texts", () => {
  it('can be parsed back to the original text', () => {
    fc.assert(
      fc.property(wellFormedText, (text) => {
        assert.equal(JSON.parse(decode(toJsonText(toByteText(text)))), text);
      }),
    );
  });

  it('have one U+FFFD for each run of bytes that are not UTF-8, and lose nothing else', () => {
    const bytes = fc.uint8Array({ maxLength: 12 }).map((each) => Buffer.from(each).toString('latin1'));
    const pieces = fc.array(fc.oneof(wellFormedText.map(toByteText), bytes)).map((each) => each.join(''));
    fc.assert(
      fc.property(pieces, (text) => {
        // Its own U+FFFD would run together with those put in.
        fc.pre(!text.includes('\xef\xbf\xbd'));
        const expected = decode(text).replaceAll(/\ufffd+/g, '\ufffd');
        assert.equal(decode(toWellFormed(text)), expected);
        assert.equal(JSON.parse(decode(toJsonText(text))), expected);
      }),
    );
  });

  it('escape exactly the characters that ClickHouse escapes', () => {
    const text = toByteText('"\\\b\f\n\r\t\0\x0b\x1f\x7f/\u0085\u2027\u2028\u2029\u{1f600}');
    const escaped = '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u000B\\u001F\x7f/\u0085\u2027\\u2028\\u2029\u{1f600}"';
    assert.equal(toJsonText(text), toByteText(escaped));
  });
});

describe("the oracle's file", () => {
  const history = makeHistory({ seed: 3, rooms: 60 });
  const rooms = history.rooms.map((room) => toHoldingRoom(toRoomHistory(room)));
  const shape = {
    startMs: history.startMs,
    endMs: history.endMs,
    fields: 'standard',
    format: 'json',
  } as const;

  it('is a JSON array with one room per line, or the same lines alone', () => {
    const { body, rooms: lines } = toFileText(rooms, shape);
    const parsed = JSON.parse(body.toString('utf8')) as unknown[];
    assert.equal(parsed.length, lines.length);
    assert.equal(body.toString('utf8').split('\n').length, lines.length + 3);
    const ndjson = toFileText(rooms, { ...shape, format: 'ndjson' }).body.toString('utf8');
    assert.deepEqual(
      ndjson
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
      parsed,
    );
  });

  it('is an empty array, or empty, without rooms', () => {
    assert.equal(toFileText([], shape).body.toString('utf8'), '[]\n');
    assert.equal(toFileText([], { ...shape, format: 'ndjson' }).body.length, 0);
  });

  it('has the keys of every object in the order of the sample', () => {
    const room = withMedia(rooms);
    const keys = keysIn(JSON.parse(decode(toRoomText(room, 'standard'))));
    const network = ['bitrate', 'packet_loss', 'jitter'];
    const head = ['mos', 'score', 'call_setup_time', 'audio', 'video'];
    assert.deepEqual(keys['$'], [
      'room_url',
      'room_id',
      'start_time',
      'end_time',
      'duration',
      'users',
      'stats',
      'peers',
    ]);
    assert.deepEqual(keys['$.stats'], head);
    assert.deepEqual(keys['$.stats.audio'], ['send', 'recv', ...network]);
    assert.deepEqual(keys['$.stats.video.send'], [...network, 'rtt']);
    assert.deepEqual(keys['$.stats.audio.recv'], network);
    // prettier-ignore
    assert.deepEqual(keys['$.peers.0'], ['peer_id', 'os', 'os_version', 'browser', 'browser_version', 'location', 'sdk_version',
      'start_time', 'duration', 'keys', 'features', 'stats', 'audio_device', 'video_device']);
    assert.deepEqual(keys['$.peers.0.location'], ['city', 'country', 'organization']);
    assert.deepEqual(keys['$.peers.0.features'], ['connection_type', 'media_transport']);
    assert.deepEqual(keys['$.peers.0.stats'], head);
    assert.deepEqual(keys['$.peers.0.stats.audio.send'], ['mos', 'score', ...network, 'rtt']);
    assert.deepEqual(keys['$.peers.0.stats.audio.recv'], ['mos', 'score', ...network]);
    assert.deepEqual(keys['$.peers.0.stats.video.send'], ['mos', ...network, 'rtt']);
    assert.deepEqual(keys['$.peers.0.stats.video.recv'], ['mos', ...network]);
  });

  it('has extended keys behind the standard ones, which are unchanged', () => {
    const room = withMedia(rooms);
    const standard = keysIn(JSON.parse(decode(toRoomText(room, 'standard'))));
    const extended = keysIn(JSON.parse(decode(toRoomText(room, 'extended'))));
    const added = Object.fromEntries(
      Object.entries(standard).map(([path, keys]) => {
        assert.deepEqual(extended[path]?.slice(0, keys.length), keys);
        return [path, extended[path].slice(keys.length)];
      }),
    );
    assert.deepEqual(added['$'], ['session_id', 'finalized_at', 'schema_version', 'user', 'measured']);
    assert.deepEqual(extended['$.measured'], ['mos', 'score', 'audio', 'video']);
    assert.deepEqual(added['$.peers.0'], ['end_time', 'joins', 'user', 'end_reason']);
    const counts = ['codec', 'packets', 'packets_lost', 'bytes', 'active_time', 'jitter_max'];
    const picture = ['width', 'height', 'fps', 'freezes'];
    assert.deepEqual(added['$.peers.0.stats.audio.send'], [...counts, 'rtt_max']);
    assert.deepEqual(added['$.peers.0.stats.audio.recv'], counts);
    assert.deepEqual(added['$.peers.0.stats.video.send'], [...counts, 'rtt_max', ...picture]);
    assert.deepEqual(added['$.peers.0.stats.video.recv'], [...counts, ...picture]);
    assert.deepEqual(added['$.stats.audio.send'], []);
  });
});

describe('the comparison of two files', () => {
  const history = makeHistory({ seed: 4, rooms: 30 });
  const rooms = history.rooms.map((room) => toHoldingRoom(toRoomHistory(room)));
  const expected = toFileText(rooms, { ...history, fields: 'standard', format: 'json' });
  const lines = expected.body.toString('latin1').split('\n');
  const kindsOf = (changed: readonly string[]): string[] =>
    compareFiles(expected, Buffer.from(changed.join('\n'), 'latin1'), 'json').map(({ kind }) => kind);

  it('finds no difference in the same file', () => assert.deepEqual(kindsOf(lines), []));
  it('finds a changed, a missing and an additional room, each once', () => {
    assert.deepEqual(kindsOf(lines.with(3, (lines[3] ?? '').replace('"users":', '"users":1'))), ['differs']);
    assert.deepEqual(kindsOf(lines.toSpliced(5, 1)), ['missing']);
    assert.deepEqual(kindsOf(lines.toSpliced(7, 0, '{"room_url":null},')), ['unexpected']);
    assert.deepEqual(kindsOf(lines.toSpliced(-2, 0, '{"room_url":null}')), ['unexpected']);
  });
  it('finds a broken frame around the rooms', () => {
    assert.deepEqual(kindsOf(lines.slice(1)), ['frame']);
    assert.deepEqual(kindsOf(lines.slice(0, -2)), ['frame']);
    assert.deepEqual(kindsOf([...lines.slice(0, -1), '', '']), ['frame']);
  });
});

/** The first room whose first peer is there. */
function withMedia(rooms: readonly HoldingRoom[]): HoldingRoom {
  const found = rooms.find(({ peers }) => peers.length > 0);
  assert.ok(found);
  return found;
}

/** The keys of every object below, by its path. */
function keysIn(value: unknown, path = '$'): Record<string, string[]> {
  if (value === null || typeof value !== 'object') return {};
  const below = Object.entries(value).map(([key, each]) => keysIn(each, `${path}.${key}`));
  return Object.assign({ [path]: Object.keys(value) }, ...below) as Record<string, string[]>;
}

function decode(bytes: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1'));
}

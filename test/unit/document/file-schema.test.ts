// The definition of the file: that it is a JSON Schema as the draft has it, that its keys stand in the order
// that readers were promised, and that the check which every test's file goes through finds what may not be.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { runCli } from '../../../client/cli.ts';
import { toFileSchema } from '../../../document/json-schema.ts';
import type { JsonSchema } from '../../../document/json-schema.ts';
import { assertFile } from '../../schema-check.ts';

/**
 * The keys of the standard file as published, objects of an array in brackets. Never changed: readers go by
 * it.
 */
const ROOM_KEYS = 'room_url room_id start_time end_time duration users stats peers';
const ROOM_STATS_KEYS = 'mos score call_setup_time audio video';
const PEER_KEYS =
  'peer_id os os_version browser browser_version location sdk_version start_time duration keys features stats audio_device video_device';

const NOTHING = '"bitrate":null,"packet_loss":null,"jitter":null';
const SOME = '"bitrate":32,"packet_loss":0.1,"jitter":5';
const PEER =
  '{"peer_id":"p","os":null,"os_version":null,"browser":null,"browser_version":null,"location":{"city":null,"country":null,"organization":null},' +
  '"sdk_version":null,"start_time":"2026-11-23T10:00:00.000Z","duration":60,"keys":{"a":"b","c":["d","e"]},' +
  '"features":{"connection_type":"TURN","media_transport":null},"stats":{"mos":4.10,"score":9.8,"call_setup_time":null,' +
  `"audio":{"send":{"mos":4.10,"score":9.8,${SOME},"rtt":40},"recv":{"mos":null,"score":null,${NOTHING}},${SOME}},` +
  `"video":{"send":{"mos":null,${NOTHING},"rtt":null},"recv":{"mos":null,${NOTHING}},${NOTHING}}},"audio_device":null,"video_device":null}`;
const ROOM =
  '{"room_url":null,"room_id":"r","start_time":"2026-11-23T10:00:00.000Z","end_time":"2026-11-23T10:01:00.000Z","duration":60,"users":1,' +
  `"stats":{"mos":4.10,"score":9.8,"call_setup_time":null,"audio":{"send":{${SOME},"rtt":40},"recv":{${NOTHING}},${SOME}},` +
  `"video":{"send":{${NOTHING},"rtt":null},"recv":{${NOTHING}},${NOTHING}}},"peers":[${PEER}]}`;

describe('the JSON Schema of the file', () => {
  it('is valid under draft 2020-12, for every field set and format', () => {
    for (const fields of ['standard', 'extended'] as const) {
      for (const format of ['json', 'ndjson'] as const) {
        const schema = toFileSchema(fields, format);
        const ajv = new Ajv2020({ strict: false, validateSchema: true });
        assert.ok(ajv.validateSchema(schema), JSON.stringify(ajv.errors));
        assert.equal(ajv.compile(schema)(format === 'json' ? [] : {}), format === 'json');
      }
    }
  });

  it('lists the keys in the published order, requires every one and allows no others', () => {
    const room = toFileSchema('standard', 'ndjson');
    const peer = keyOf(room, 'peers').items ?? {};
    assert.equal(namesOf(room), ROOM_KEYS);
    assert.equal(namesOf(keyOf(room, 'stats')), ROOM_STATS_KEYS);
    assert.equal(namesOf(peer), PEER_KEYS);
    for (const stats of [keyOf(room, 'stats'), keyOf(peer, 'stats')])
      for (const medium of ['audio', 'video'])
        assert.equal(namesOf(keyOf(stats, medium)), 'send recv bitrate packet_loss jitter');
    const direction = (schema: JsonSchema, medium: string, which: string) =>
      namesOf(keyOf(keyOf(keyOf(schema, 'stats'), medium), which));
    assert.equal(direction(room, 'audio', 'send'), 'bitrate packet_loss jitter rtt');
    assert.equal(direction(room, 'video', 'recv'), 'bitrate packet_loss jitter');
    assert.equal(direction(peer, 'audio', 'send'), 'mos score bitrate packet_loss jitter rtt');
    assert.equal(direction(peer, 'audio', 'recv'), 'mos score bitrate packet_loss jitter');
    assert.equal(direction(peer, 'video', 'send'), 'mos bitrate packet_loss jitter rtt');
    assert.equal(direction(peer, 'video', 'recv'), 'mos bitrate packet_loss jitter');
  });

  it('puts each extended key behind the standard keys of its object', () => {
    const compare = (standard: JsonSchema, extended: JsonSchema): void => {
      const names = Object.keys(standard.properties ?? {});
      assert.deepEqual(Object.keys(extended.properties ?? {}).slice(0, names.length), names);
      for (const name of names) compare(keyOf(standard, name), keyOf(extended, name));
      if (standard.items !== undefined) compare(standard.items, extended.items ?? {});
    };
    compare(toFileSchema('standard', 'json'), toFileSchema('extended', 'json'));
    const peer = keyOf(toFileSchema('extended', 'ndjson'), 'peers').items ?? {};
    assert.equal(namesOf(peer), `${PEER_KEYS} end_time joins user end_reason`);
  });

  it('is printed by room-streams schema', async () => {
    for (const [args, fields, format] of [
      [['schema'], 'standard', 'json'],
      [['schema', '--fields', 'extended', '--format', 'ndjson'], 'extended', 'ndjson'],
    ] as const) {
      const out: string[] = [];
      const code = await runCli(args, { out: (text) => out.push(text), err: (text) => out.push(text) });
      assert.equal(code, 0);
      assert.deepEqual(JSON.parse(out.join('\n')), JSON.parse(JSON.stringify(toFileSchema(fields, format))));
    }
  });

  it('does not exist for other field sets, and the error names the existing ones', async () => {
    const err: string[] = [];
    const code = await runCli(['schema', '--fields', 'all'], {
      out: () => undefined,
      err: (text) => err.push(text),
    });
    assert.equal(code, 2);
    assert.match(err.join('\n'), /'all' is invalid.*standard, extended/);
  });
});

describe('the check of a file', () => {
  const json = (...rooms: string[]) => Buffer.from(`[\n${rooms.join(',\n')}\n]\n`);
  const check = (bytes: Buffer) => assertFile(bytes, { fields: 'standard', format: 'json' });

  it('accepts valid files, including empty ones, and returns the rooms', () => {
    assert.equal(check(json(ROOM, ROOM)).length, 2);
    assert.deepEqual(check(Buffer.from('[]\n')), []);
    assert.equal(
      assertFile(Buffer.from(`${ROOM}\n${ROOM}\n`), { fields: 'standard', format: 'ndjson' }).length,
      2,
    );
    assert.deepEqual(assertFile(Buffer.from(''), { fields: 'standard', format: 'ndjson' }), []);
  });

  const later = PEER.replace('"peer_id":"p"', '"peer_id":"q"').replace('10:00:00.000Z', '10:00:00.001Z');
  const wrong: [title: string, bytes: Buffer, message: RegExp][] = [
    ['a number with too few decimals', json(ROOM.replaceAll('4.10', '4.1')), /mos: decimals of 4\.1/],
    [
      'a whole number with decimals',
      json(ROOM.replace('"bitrate":32', '"bitrate":32.0')),
      /bitrate: decimals/,
    ],
    [
      'keys in another order',
      json(ROOM.replace('"room_url":null,"room_id":"r"', '"room_id":"r","room_url":null')),
      /keys, in their order/,
    ],
    [
      'a key that is there twice',
      json(ROOM.replace('"os":null', '"os":null,"os":null')),
      /keys, in their order/,
    ],
    ['a missing key', json(ROOM.replace('"os":null,', '')), /required property 'os'/],
    ['another key', json(ROOM.replace('"os":null', '"os":null,"cpu":null')), /additional properties/],
    [
      'own keys in another order',
      json(ROOM.replace('{"a":"b","c":["d","e"]}', '{"c":[],"a":"b"}')),
      /keys by name/,
    ],
    ['a single value in an array', json(ROOM.replace('["d","e"]', '["d"]')), /keys\/c/],
    ['a quoted number', json(ROOM.replace('"users":1', '"users":"1"')), /must be integer/],
    [
      'a word that is none',
      json(ROOM.replace('"TURN"', '"relay"')),
      /must be equal to one of the allowed values/,
    ],
    ['a time without milliseconds', json(ROOM.replace('10:01:00.000Z', '10:01:00Z')), /must match pattern/],
    ['a score above 10', json(ROOM.replaceAll('9.8', '10.1')), /must be <= 10/],
    ['NaN', json(ROOM.replace('4.10', 'NaN')), /JSON/],
    ['a space', json(ROOM.replace('"users":1', '"users": 1')), /JSON|value/],
    ['peers out of order', json(ROOM.replace(PEER, `${later},${PEER}`)), /peers of line 1/],
    ['a peer who is there twice', json(ROOM.replace(PEER, `${PEER},${PEER}`)), /peers of line 1/],
    ['a comma behind the last room', Buffer.from(`[\n${ROOM},\n]\n`), /ends in a room/],
    ['no frame', Buffer.from(`${ROOM}\n`), /frame/],
    ['bytes that are no text', Buffer.concat([json(ROOM), Buffer.from([0xff])]), /encoded data/],
    ['a byte-order mark', Buffer.concat([Buffer.from('\uFEFF'), json(ROOM)]), /frame/],
  ];
  for (const [title, bytes, message] of wrong) {
    it(`detects ${title}`, () => {
      assert.throws(() => check(bytes), message);
    });
  }
});

function keyOf(schema: JsonSchema, name: string): JsonSchema {
  const found = schema.properties?.[name];
  assert.ok(found !== undefined, name);
  return found;
}

function namesOf(schema: JsonSchema): string {
  assert.deepEqual(schema.required, Object.keys(schema.properties ?? {}));
  assert.equal(schema.additionalProperties, false);
  return Object.keys(schema.properties ?? {}).join(' ');
}

// What `verify` sees in the bytes of a file: its lines, in pieces of any length, and the shape of its rooms,
// against another judge of the same schema.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { FileLines } from '../../../activities/verify/file-lines.ts';
import { shapeProblem } from '../../../activities/verify/room-shape.ts';
import { toFileSchema } from '../../../document/json-schema.ts';
import type { FileFormat } from '../../../workflows/model/stream.ts';

interface Read {
  rooms: number;
  problem: string | null;
  texts: string[];
}

function read(text: string, format: FileFormat, cuts: readonly number[] = []): Read {
  const texts: string[] = [];
  const lines = new FileLines(format, (room) => texts.push(room));
  const bytes = Buffer.from(text);
  const borders = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  for (const [index, border] of borders.entries())
    lines.push(bytes.subarray(border, borders[index + 1] ?? bytes.length));
  lines.finish();
  return { rooms: lines.rooms, problem: lines.problem, texts };
}

const roomText = fc
  .dictionary(fc.string(), fc.string({ unit: 'binary' }))
  .map((room) => JSON.stringify(room));
const cuts = fc.array(fc.nat(), { maxLength: 20 });

describe('the line reader of a file', () => {
  it('finds the same rooms however the bytes are split', () => {
    fc.assert(
      fc.property(
        fc.array(roomText),
        cuts,
        fc.constantFrom<FileFormat>('json', 'ndjson'),
        (rooms, at, format) => {
          const array = rooms.length === 0 ? '[]\n' : `[\n${rooms.join(',\n')}\n]\n`;
          const text = format === 'json' ? array : rooms.map((room) => `${room}\n`).join('');
          assert.deepEqual(read(text, format, at), { rooms: rooms.length, problem: null, texts: rooms });
        },
      ),
    );
  });

  it('detects a file that is cut, ends twice, or contains something that is not a room', () => {
    const cases: [text: string, format: FileFormat, problem: RegExp][] = [
      ['', 'json', /line 1: nothing, allowed: the end of the array/],
      ['[\n{"a":1},\n', 'json', /line 3: nothing, allowed: the end of the array/],
      ['[\n{"a":1},\n{"b"', 'json', /line 3: does not end; the file is cut off/],
      ['[\n{"a":1}\n{"b":1}\n]\n', 'json', /line 3: begins with "\{"" and ends with "1\}", which is no line/],
      ['[\n{"a":1},\n]\n', 'json', /line 3: begins with "\]"/],
      ['[\n{"a":1}\n]\n[]\n', 'json', /line 4: .*which is no end of the file/],
      ['[\nnull\n]\n', 'json', /line 2: begins with "nu" and ends with "ll"/],
      ['{"a":1}\n', 'json', /line 1: begins with/],
      ['{"a":1},\n', 'ndjson', /line 1: begins with .* ends with "\},"/],
      ['{"a":1}\n\n', 'ndjson', /line 2: begins with "" and ends with ""/],
      ['{"a":1}', 'ndjson', /line 1: does not end/],
    ];
    for (const [text, format, problem] of cases)
      assert.match(read(text, format).problem ?? '', problem, text);
  });
});

describe("the check of a room's shape", () => {
  const schema = toFileSchema('standard', 'ndjson');
  const isRoom = new Ajv2020({ strict: false }).compile(schema);
  // The room that the specification shows; every key is there.
  const sample = readSample();

  it('accepts a valid room', () => {
    assert.ok(isRoom(sample), JSON.stringify(isRoom.errors));
    assert.equal(shapeProblem(sample, schema), null);
  });

  it('agrees with a JSON Schema validator when any value of the room is replaced', () => {
    const paths = pathsIn(sample);
    const others = [null, -1, 1.5, 1e12, '', 'x', [], ['a'], ['a', 'b'], {}, true];
    let refused = 0;
    for (const path of paths) {
      for (const other of others) {
        const room = exchanged(sample, path, other);
        const isRight = isRoom(room);
        assert.equal(
          shapeProblem(room, schema) === null,
          isRight,
          `${path.join('.')} = ${JSON.stringify(other)}`,
        );
        if (!isRight) refused += 1;
      }
    }
    assert.ok(refused > 100, `${refused} refused`);
  });

  it('refuses a room in which a key is missing, is added, or is in the wrong position', () => {
    const { room_url: url, ...rest } = sample;
    assert.match(
      shapeProblem(rest, schema) ?? '',
      /^room: got the keys room_id, .*allowed: room_url, room_id/,
    );
    assert.match(shapeProblem({ ...rest, room_url: url }, schema) ?? '', /^room: got the keys room_id/);
    assert.match(shapeProblem({ ...sample, more: 1 }, schema) ?? '', /^room: got the keys .*more, allowed/);
  });
});

function readSample(): Record<string, unknown> {
  const file = new URL('sample-room.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
}

type Path = (string | number)[];

function pathsIn(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null) return [];
  const entries: [string | number, unknown][] = Array.isArray(value)
    ? value.map((item: unknown, index) => [index, item])
    : Object.entries(value);
  return entries.flatMap(([key, each]) => [[key], ...pathsIn(each).map((rest) => [key, ...rest])]);
}

function exchanged(room: unknown, path: Path, other: unknown): unknown {
  const copy: unknown = structuredClone(room);
  let at = copy as Record<string | number, unknown>;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string | number, unknown>;
  at[path.at(-1) ?? ''] = other;
  return copy;
}

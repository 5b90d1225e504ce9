// A whole file, as a run makes it: any rooms cut into any ranges, each range's answer cut into any chunks, the batches encoded in any
// order and all at once, the parts joined by their numbers. The reference is the file's definition, written down in one line each.
// gzip is read back by four independent readers: Node, Python, gzip(1) and the web's DecompressionStream.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32, gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { closingPart } from '../../activities/encode/closing-part.ts';
import { encodeBatch, type EncodedBatch, type EncodeOptions } from '../../activities/encode/encode-batch.ts';
import { RangeMisjudgedError } from '../../activities/encode/encode-errors.ts';
import { PART_BYTES_MIN } from '../../workflows/model/plan.ts';
import { cutAt, cuts, room, stream, toAnswer, type AnsweredRoom } from './encode-answers.ts';

type Shape = Pick<EncodeOptions, 'format' | 'compression'>;

/** Rooms of one range with the cuts of its answer. */
interface Range {
  rooms: AnsweredRoom[];
  places: number[];
}

const SHAPES: readonly Shape[] = [
  { format: 'json', compression: 'none' },
  { format: 'json', compression: 'gzip' },
  { format: 'ndjson', compression: 'none' },
  { format: 'ndjson', compression: 'gzip' },
];

/** One range may be empty; of several, none is: the plan is made again when a range has lost its rooms. */
const ranges: fc.Arbitrary<Range[]> = fc.oneof(
  fc.array(rangeOf({ minLength: 0 }), { minLength: 1, maxLength: 1 }),
  fc.array(rangeOf({ minLength: 1 }), { minLength: 2, maxLength: 5 }),
);

describe('a file made of batches', () => {
  for (const shape of SHAPES) {
    it(`is the same bytes whatever the ranges, chunks and order: ${shape.format}, ${shape.compression}`, async () => {
      // Padded parts of 5 MiB are slow to join; the other properties of gzip are in small tests.
      const numRuns = shape.compression === 'gzip' ? 25 : 150;
      await fc.assert(
        fc.asyncProperty(ranges, fc.infiniteStream(fc.nat()), async (parts, order) => {
          const made = await makeFile(parts, shape, order);
          const expected = fileOf(
            parts.flatMap(({ rooms }) => rooms),
            shape,
          );
          const raw = shape.compression === 'gzip' ? gunzipSync(made.body) : made.body;
          assert.equal(raw.toString(), expected);
          assert.equal(made.rawBytes, raw.length);
          assert.equal(made.crc32, crc32(raw));
        }),
        { numRuns },
      );
    });
  }

  it('can be read by every reader of gzip alike', async () => {
    const parts = Array.from({ length: 3 }, (_, index) => largeRange(index));
    for (const shape of SHAPES.filter(({ compression }) => compression === 'gzip')) {
      const { body } = await makeFile(parts, shape, [5, 1, 3][Symbol.iterator]());
      const expected = Buffer.from(
        fileOf(
          parts.flatMap(({ rooms }) => rooms),
          shape,
        ),
      );
      const readers = {
        node: gunzipSync(body),
        web: await readByWeb(body),
        gzip: await readBy('gzip', ['-dc'], body),
        python: await readBy(
          'python3',
          ['-c', 'import gzip,sys; sys.stdout.buffer.write(gzip.GzipFile(fileobj=sys.stdin.buffer).read())'],
          body,
        ),
      };
      for (const [name, read] of Object.entries(readers)) assert.ok(read.equals(expected), name);
    }
  });

  it('is one gzip member with every part but the last long enough for a store', async () => {
    const batches = await encodeAll(
      [largeRange(0), largeRange(1), largeRange(2)],
      { format: 'json', compression: 'gzip' },
      [][Symbol.iterator](),
    );
    for (const { body } of batches) assert.ok(body.length >= PART_BYTES_MIN, `${body.length}`);
    assert.equal(batches[0]?.body.subarray(0, 3).toString('hex'), '1f8b08');
    assert.notEqual(batches[1]?.body.subarray(0, 3).toString('hex'), '1f8b08');
  });

  it('is compressed to the same bytes however its answer arrives', async () => {
    const { rooms } = largeRange(7);
    const options = optionsOf({ format: 'json', compression: 'gzip' }, { isFirst: true, isLast: false });
    const answer = toAnswer(rooms);
    const atOnce = await encodeBatch(stream([answer]), options);
    const inPieces = await encodeBatch(stream(cutAt(answer, Array<number>(2_000).fill(997))), options);
    assert.ok(atOnce.body.equals(inPieces.body));
  });

  it('is refused as misjudged when a range outgrows its buffer, with how wrong the estimate was', async () => {
    for (const shape of SHAPES) {
      const answer = toAnswer(largeRange(1).rooms);
      const encoding = encodeBatch(stream([answer]), {
        ...optionsOf(shape, { isFirst: true, isLast: true }),
        bytesMax: 30_000,
        bytesPlanned: 10_000,
      });
      await assert.rejects(encoding, (error: unknown) => {
        assert.ok(error instanceof RangeMisjudgedError);
        assert.ok(error.realOverEstimated > 3, `${error.realOverEstimated}`);
        return true;
      });
    }
  });

  it('is not made when the history breaks off', async () => {
    const broken = async function* () {
      yield Buffer.from('{"a":1');
      await Promise.resolve();
      throw new Error('socket hang up');
    };
    for (const shape of SHAPES) {
      const encoding = encodeBatch(broken(), optionsOf(shape, { isFirst: true, isLast: true }));
      await assert.rejects(encoding, /socket hang up/);
    }
  });

  it("fails with the server's words when it says them and then cuts the connection, as it does", async () => {
    const said = 'Code: 159. DB::Exception: Timeout exceeded';
    const cut = async function* () {
      yield Buffer.from(`{"a":1\r\n__exception__\r\ntag\r\n${said}\n43 tag\r\n__exception__\r\n`);
      await Promise.resolve();
      throw new Error('aborted');
    };
    for (const shape of SHAPES) {
      const options = { ...optionsOf(shape, { isFirst: true, isLast: true }), exceptionTag: 'tag' };
      await assert.rejects(encodeBatch(cut(), options), { name: 'HistoryStreamError', message: said });
    }
  });

  it('reports its progress', async () => {
    const seen: number[] = [];
    const answer = toAnswer(largeRange(1).rooms);
    await encodeBatch(stream([answer, answer]), {
      ...optionsOf({ format: 'json', compression: 'none' }, { isFirst: true, isLast: true }),
      onProgress: ({ rooms }) => seen.push(rooms),
    });
    assert.deepEqual(seen, [1_000, 2_000]);
  });
});

function rangeOf(length: { minLength: number }): fc.Arbitrary<Range> {
  return fc
    .tuple(fc.array(room, { ...length, maxLength: 4 }), cuts)
    .map(([rooms, places]) => ({ rooms, places }));
}

/** 1,000 rooms that compress little, so that deflate has several blocks. */
function largeRange(index: number): Range {
  const rooms = Array.from({ length: 1_000 }, (_, at) => ({
    text: `{"room":${index * 1_000 + at},"noise":"${randomBytes(300).toString('base64')}"}`,
    fault: undefined,
  }));
  return { rooms, places: [10, 100_000] };
}

async function makeFile(parts: readonly Range[], shape: Shape, order: Iterator<number>) {
  const batches = await encodeAll(parts, shape, order);
  const [only] = batches;
  if (batches.length === 1 && only !== undefined) return only;
  const closing = closingPart(shape, batches);
  const bodies = [...batches.map(({ body }) => body), closing.body ?? Buffer.alloc(0)];
  return { ...closing, body: Buffer.concat(bodies) };
}

async function encodeAll(
  parts: readonly Range[],
  shape: Shape,
  order: Iterator<number>,
): Promise<EncodedBatch[]> {
  const shuffled = parts
    .map((range, index) => ({ range, index, rank: Number(order.next().value ?? 0) }))
    .sort((a, b) => a.rank - b.rank);
  const batches: EncodedBatch[] = [];
  await Promise.all(
    shuffled.map(async ({ range, index }) => {
      const place = { isFirst: index === 0, isLast: index === parts.length - 1 };
      const chunks = cutAt(toAnswer(range.rooms), range.places);
      batches[index] = await encodeBatch(stream(chunks), optionsOf(shape, place));
    }),
  );
  return batches;
}

function optionsOf(shape: Shape, place: { isFirst: boolean; isLast: boolean }): EncodeOptions {
  return { ...shape, ...place, exceptionTag: undefined, bytesMax: 100_000_000 };
}

function fileOf(rooms: readonly AnsweredRoom[], { format }: Shape): string {
  const texts = rooms.map(({ text }) => text);
  if (format === 'ndjson') return texts.map((text) => `${text}\n`).join('');
  return texts.length === 0 ? '[]\n' : `[\n${texts.join(',\n')}\n]\n`;
}

async function readByWeb(body: Buffer): Promise<Buffer> {
  const read = new Blob([new Uint8Array(body)]).stream().pipeThrough(new DecompressionStream('gzip'));
  return Buffer.from(await new Response(read).arrayBuffer());
}

function readBy(program: string, args: readonly string[], body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'buffer', maxBuffer: 100_000_000 } as const;
    const child = execFile(program, args, options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${program} could not read it`, { cause: error }));
    });
    child.stdin?.end(body);
  });
}

// Method: small dumps are cut at every byte, and have single bytes changed at random, by a seeded generator
// whose seed is printed: a thousand times here, ten thousand times and at every byte by `npm run test:fuzz`.
// Whatever comes of it, reading must end in a summary; and where the damaged dump can still be replayed by
// the oracle of import-replay.ts, the sums must be the oracle's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { ReadFile } from '../../../importers/read-file.ts';
import { seededRandom } from '../../../recorder/lossy-relay.ts';
import { AT, readDump, sumTicks, toDump, toPlainObject } from './reading.ts';
import type { Sums } from './reading.ts';
import { replayGetstats, replayInternals, replayRtcstats } from './replay.ts';
import { recordedReadings, toGetstats, toInternals, toRtcstats } from './small-dumps.ts';

const SEED = Number(process.env.IMPORT_DAMAGE_SEED ?? '20261124');
const CHANGES = Number(process.env.IMPORT_DAMAGE_CHANGES ?? '1000');
/** Of formats whose dumps are long, or of which there are several, a fifth of the changes. */
const FEWER = CHANGES / 5;
/** Of formats whose dumps are long, every so many bytes are enough where there are few changes. */
const STEP = CHANGES < 10_000 ? 31 : 1;

const READINGS = recordedReadings('cleo-ada-3', 4);
const RTCSTATS = Buffer.from(toRtcstats(READINGS.slice(0, 3)));
const GETSTATS = Buffer.from(toGetstats(READINGS.slice(0, 3)));
const INTERNALS = Buffer.from(toInternals(READINGS));
const TODAYS = toTodaysRtcstats();
const GZIP = gzipSync(RTCSTATS);
const ZSTD = readFileSync(new URL('packed-dump.jsonl.zst', import.meta.url));
/** Cut here, it is a whole file of fewer frames. */
const ZSTD_FIRST_FRAMES_BYTES = 1219;

describe('the import of a damaged dump', () => {
  it(`gives the sums of the whole lines for every prefix of an rtcstats dump of ${RTCSTATS.length} bytes`, async () => {
    for (let length = 0; length <= RTCSTATS.length; length += 1) {
      const dump = RTCSTATS.subarray(0, length);
      await assertAsReplayed(dump, replayRtcstats(dump.toString('utf8')), `prefix of ${length} bytes`);
    }
  });

  it('names the line when a prefix ends within it', async () => {
    const inLastLine = RTCSTATS.subarray(0, RTCSTATS.length - 20);
    const file = await readDump(inLastLine);
    assert.deepEqual(file.leftOut, [{ reason: 'line is not JSON', count: 1, firstPlace: 'line 8' }]);
    assert.ok(file.presences.length === 1);
  });

  for (const [name, whole, replay] of [
    ['rtcstats', RTCSTATS, replayRtcstats],
    ['raw getStats', GETSTATS, replayGetstats],
  ] as const) {
    it(`gives the sums of the intact rest after ${CHANGES} changes of one byte in a dump of ${name} (seed ${SEED})`, async () => {
      const random = seededRandom(SEED);
      for (let change = 0; change < CHANGES; change += 1) {
        // Which connection a line of raw getStats is of is for its names to say; the oracle knows one.
        const { dump, what } = damage(whole, random, (at) => name === 'rtcstats' || isDigit(whole[at]));
        await assertAsReplayed(dump, replay(dump.toString('utf8')), what);
      }
    });
  }

  it(`gives the sums of the intact rest after ${FEWER} changed digits in counters of webrtc-internals (seed ${SEED})`, async () => {
    const counters = /-(bytes|packets)(Received|Sent|Lost)": \{[^}]*"values": "([^"]*)"/dg;
    const text = INTERNALS.toString('latin1');
    const spans = [...text.matchAll(counters)].map((match) => match.indices?.[3] ?? ([0, 0] as const));
    const random = seededRandom(SEED);
    const isCounter = (at: number): boolean =>
      isDigit(INTERNALS[at]) && spans.some(([from, to]) => at >= from && at < to);
    for (let change = 0; change < FEWER; change += 1) {
      const { dump, what } = damage(INTERNALS, random, isCounter);
      await assertAsReplayed(dump, replayInternals(dump.toString('utf8')), what);
    }
  });

  it(`always ends in a summary after ${FEWER} changes of one byte in each other format, packed or not (seed ${SEED})`, async () => {
    const random = seededRandom(SEED);
    for (let change = 0; change < FEWER; change += 1) {
      for (const whole of [GETSTATS, INTERNALS, TODAYS, ZSTD]) {
        const { dump, what } = damage(whole, random);
        assertSound(await readDump(dump), what);
      }
    }
  });

  it(`reports each of ${CHANGES} changes of one byte of a gzip file (seed ${SEED}), unless it makes no difference`, async () => {
    const random = seededRandom(SEED);
    const expected = toPlainObject(sumTicks(await readDump(RTCSTATS)));
    for (let change = 0; change < CHANGES; change += 1) {
      const { dump, what } = damage(GZIP, random);
      const file = await readDump(dump);
      assertSound(file, what);
      if (file.leftOut.length === 0) assert.deepEqual(toPlainObject(sumTicks(file)), expected, what);
    }
  });

  it(`reports the other formats as incomplete for every prefix, in steps of ${STEP} bytes`, async () => {
    for (const whole of [INTERNALS, GZIP, ZSTD]) {
      for (let length = 1; length < whole.length - 2; length += STEP) {
        const file = await readDump(whole.subarray(0, length));
        assertSound(file, `prefix of ${length} bytes`);
        const isWhole = whole === ZSTD && length === ZSTD_FIRST_FRAMES_BYTES;
        assert.equal(file.leftOut.length > 0, !isWhole, `prefix of ${length} bytes`);
      }
    }
    for (let length = 1; length < GETSTATS.length; length += STEP) {
      const dump = GETSTATS.subarray(0, length);
      await assertAsReplayed(dump, replayGetstats(dump.toString('utf8')), `prefix of ${length} bytes`);
    }
    for (let length = 1; length < TODAYS.length; length += STEP)
      assertSound(await readDump(TODAYS.subarray(0, length)), `prefix of ${length} bytes`);
  });

  it('reports noise, an empty file and a file of another kind as no dump', async () => {
    const random = seededRandom(SEED);
    const noise = Buffer.from(Array.from({ length: 5000 }, () => Math.floor(random() * 256)));
    const others = ['', '<html>', '{"a":1}', '[1,2]', '\ufeff', '\n\n\n'].map((text) => Buffer.from(text));
    for (const dump of [noise, ...others, gzipSync('no dump'), Buffer.alloc(20 * 1024 * 1024, 'x')]) {
      const file = await readDump(dump, 'auto', 1024 * 1024);
      assert.deepEqual([file.format, file.presences], [null, []]);
      assert.deepEqual(file.leftOut[0]?.reason, 'not a dump of a known format');
    }
  });

  it('reads a dump whose first line is longer than any usual line', async () => {
    const long = { id: 'x'.repeat(1024), type: 'certificate', timestamp: AT };
    const first = JSON.stringify(Array.from({ length: 1000 }, () => long));
    const dump = Buffer.concat([
      Buffer.from(`${first}\n`),
      Buffer.from(toGetstats(READINGS, { bare: true })),
    ]);
    const file = await readDump(dump, 'auto', 100_000);
    assert.deepEqual([file.format, file.leftOut], ['getstats', []]);
    assert.equal(gunzipSync(GZIP).length, RTCSTATS.length);
  });
});

async function assertAsReplayed(
  dump: Buffer,
  expected: ReadonlyMap<string, Sums>,
  what: string,
): Promise<void> {
  const file = await readDump(dump);
  assertSound(file, what);
  // The damage has hit what tells the format: then nothing is imported, and that is said.
  if (file.format === null) {
    assert.equal(file.leftOut[0]?.reason, 'not a dump of a known format', what);
    return;
  }
  const strip = (all: ReadonlyMap<string, Sums>): object =>
    toPlainObject(
      new Map([...all].map(([key, { bytes, packets, lost }]) => [key, { bytes, packets, lost }])),
    );
  assert.deepEqual(strip(sumTicks(file)), strip(expected), what);
}

function assertSound(file: ReadFile, what: string): void {
  for (const [key, { bytes, packets, lost, arrived }] of sumTicks(file)) {
    const isSound =
      [bytes, packets, arrived].every((value) => Number.isSafeInteger(value) && value >= 0) &&
      Number.isSafeInteger(lost);
    assert.ok(isSound, `${what}: ${key}`);
  }
}

/**
 * One byte, of those that may be hit, is another one; a digit is another digit where only some may be hit.
 */
function damage(
  whole: Buffer,
  random: () => number,
  mayHit: (at: number) => boolean = () => true,
): { dump: Buffer; what: string } {
  const dump = Buffer.from(whole);
  let at = Math.floor(random() * dump.length);
  while (!mayHit(at)) at = Math.floor(random() * dump.length);
  const isFree = mayHit(0);
  const now = isFree ? Math.floor(random() * 256) : 48 + Math.floor(random() * 10);
  const what = `byte ${at} from ${dump[at] ?? 0} to ${now} (${dump.subarray(Math.max(0, at - 20), at + 20).toString('latin1')})`;
  dump[at] = now;
  return { dump, what };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

/** As clients of today write it: numbers for names, times as differences. */
function toTodaysRtcstats(): Buffer {
  const lines: unknown[] = [
    {
      fileFormat: 3,
      userAgent: 'Mozilla/5.0',
      authData: { rtcStats: { user: 'ada', conference: 'Planning' } },
    },
    [39, 'PC_0', { iceServers: [] }, AT],
    [25, 'PC_0', 'connected', 150],
  ];
  for (let reading = 1; reading <= 6; reading += 1) {
    const stream = {
      ...(reading === 1 ? { type: 1, 10: 11, 11: 'audio' } : {}),
      41: 900 * reading,
      14: 9 * reading,
    };
    lines.push([
      'g',
      'PC_0',
      { t: AT + 1000 * reading, 0: stream, ...(reading === 5 ? { 1: null } : {}) },
      1000,
    ]);
  }
  return Buffer.concat([Buffer.from('RTCStatsDump\n'), toDump(lines)]);
}

// Method: small dumps are cut at every byte, and have single bytes changed at random, ten thousand times and more, by a seeded
// generator whose seed is printed. Whatever comes of it, reading must end in a summary; and where the damaged dump can still be
// replayed by the oracle of import-replay.ts, the sums must be the oracle's.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../history/recording/lossy-relay.ts';
import { readDump, sumTicks, toPlainObject } from './import-reading.ts';
import type { Sums } from './import-reading.ts';
import { replayGetstats, replayRtcstats } from './import-replay.ts';
import { recordedReadings, toGetstats, toInternals, toRtcstats } from './import-small-dumps.ts';

const SEED = Number(process.env.IMPORT_DAMAGE_SEED ?? '20261124');
const CHANGES = Number(process.env.IMPORT_DAMAGE_CHANGES ?? '10000');

const READINGS = recordedReadings('cleo-ada-3', 4);
const RTCSTATS = Buffer.from(toRtcstats(READINGS.slice(0, 3)));
const GETSTATS = Buffer.from(toGetstats(READINGS.slice(0, 3)));
const INTERNALS = Buffer.from(toInternals(READINGS));

describe('damaged dumps', () => {
  it(`every prefix of an rtcstats dump of ${RTCSTATS.length} bytes gives the sums of the lines that are whole`, async () => {
    for (let length = 0; length <= RTCSTATS.length; length += 1) {
      const dump = RTCSTATS.subarray(0, length);
      await assertAsReplayed(dump, replayRtcstats(dump.toString('utf8')), `prefix of ${length} bytes`);
    }
  });

  it('a prefix that ends within a line says so, with the line', async () => {
    const inLastLine = RTCSTATS.subarray(0, RTCSTATS.length - 20);
    const file = await readDump(inLastLine);
    assert.deepEqual(file.leftOut, [{ reason: 'line is not JSON', count: 1, firstPlace: 'line 8' }]);
    assert.ok(file.presences.length === 1);
  });

  it(`${CHANGES} changes of one byte of an rtcstats dump (seed ${SEED}) give the sums of what is left of it`, async () => {
    const random = seededRandom(SEED);
    for (let change = 0; change < CHANGES; change += 1) {
      const { dump, what } = damage(RTCSTATS, random);
      await assertAsReplayed(dump, replayRtcstats(dump.toString('utf8')), what);
    }
  });

  it(`changes of a digit in a recording of raw getStats (seed ${SEED}) give the sums of what is left of it`, async () => {
    const random = seededRandom(SEED);
    for (let change = 0; change < CHANGES / 5; change += 1) {
      const { dump, what } = damage(GETSTATS, random, true);
      await assertAsReplayed(dump, replayGetstats(dump.toString('utf8')), what);
    }
  });

  it(`changes of one byte in the other formats (seed ${SEED}) end in a summary`, async () => {
    const random = seededRandom(SEED);
    for (let change = 0; change < CHANGES / 5; change += 1) {
      for (const whole of [GETSTATS, INTERNALS]) {
        const { dump, what } = damage(whole, random);
        assertSound(sumTicks(await readDump(dump)), what);
      }
    }
  });

  it('every prefix of a webrtc-internals dump, in steps of 31 bytes, ends in a summary that says it is not whole', async () => {
    for (let length = 1; length < INTERNALS.length - 2; length += 31) {
      const file = await readDump(INTERNALS.subarray(0, length));
      assertSound(sumTicks(file), `prefix of ${length} bytes`);
      assert.ok(file.leftOut.length > 0, `prefix of ${length} bytes`);
    }
  });

  it('noise, an empty file and a file of another kind are told to be no dump', async () => {
    const random = seededRandom(SEED);
    const noise = Buffer.from(Array.from({ length: 5000 }, () => Math.floor(random() * 256)));
    for (const dump of [
      noise,
      Buffer.alloc(0),
      Buffer.from('<html>'),
      Buffer.from('{"a":1}'),
      Buffer.from('[1,2]'),
    ]) {
      const file = await readDump(dump);
      assert.deepEqual([file.format, file.presences], [null, []]);
      assert.deepEqual(file.leftOut[0]?.reason, 'not a dump of a known format');
    }
  });
});

async function assertAsReplayed(
  dump: Buffer,
  expected: ReadonlyMap<string, Sums>,
  what: string,
): Promise<void> {
  const file = await readDump(dump, dump.equals(GETSTATS) ? 'getstats' : 'auto');
  const sums = sumTicks(file);
  assertSound(sums, what);
  // The damage has hit what tells the format: then nothing is imported, and that is said.
  if (file.format === null) {
    assert.equal(file.leftOut[0]?.reason, 'not a dump of a known format', what);
    return;
  }
  const strip = (all: ReadonlyMap<string, Sums>): object =>
    toPlainObject(
      new Map([...all].map(([key, { bytes, packets, lost }]) => [key, { bytes, packets, lost }])),
    );
  assert.deepEqual(strip(sums), strip(expected), what);
}

function assertSound(sums: ReadonlyMap<string, Sums>, what: string): void {
  for (const [key, { bytes, packets, lost, arrived }] of sums) {
    const isSound =
      [bytes, packets, arrived].every((value) => Number.isFinite(value) && value >= 0) &&
      Number.isFinite(lost);
    assert.ok(isSound, `${what}: ${key}`);
  }
}

/** One byte is another one; with `digitsOnly` a digit is another digit. */
function damage(whole: Buffer, random: () => number, digitsOnly = false): { dump: Buffer; what: string } {
  const dump = Buffer.from(whole);
  let at = Math.floor(random() * dump.length);
  while (digitsOnly && !isDigit(dump[at])) at = Math.floor(random() * dump.length);
  const now = digitsOnly ? 48 + Math.floor(random() * 10) : Math.floor(random() * 256);
  const what = `byte ${at} from ${dump[at] ?? 0} to ${now} (${dump.subarray(Math.max(0, at - 20), at + 20).toString('latin1')})`;
  dump[at] = now;
  return { dump, what };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 48 && byte <= 57;
}

// Method: ticks made at random, of several connections, tracks and files, are summed by the import's dry run
// and by the oracle; every column must be the same. fast-check prints its seed when it fails.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Tick } from '../../../importers/sum-ticks.ts';
import { TickSpool } from '../../../importers/tick-spool.ts';
import { sumTrackTotals } from '../../../importers/track-totals.ts';
import type { TrackTotalsRow } from '../../../importers/track-totals.ts';
import type { OwnedTicks } from '../../../importers/write-ticks.ts';
import type { SampleRow } from '../../oracle/history-rows.ts';
import { toTotals } from '../../oracle/track-totals.ts';
import type { TrackTotals } from '../../oracle/track-totals.ts';

const END_MS = 1_700_000_000_000;
const count = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0, Number.MAX_SAFE_INTEGER));
const count32 = fc.oneof(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(0, 4_294_967_295));

const madeTick = fc.record({
  file: fc.integer({ min: 0, max: 1 }),
  connection: fc.integer({ min: 0, max: 2 }),
  media: fc.constantFrom('audio' as const, 'video' as const),
  direction: fc.constantFrom('send' as const, 'recv' as const),
  codec: fc.constantFrom('', 'opus', 'VP8', 'tab\there'),
  endMs: fc.integer({ min: 0, max: 60 }).map((ms) => END_MS + ms),
  lengthMs: fc.integer({ min: 0, max: 40 }),
  bytes: count,
  packets: count,
  lost: fc.oneof(fc.integer({ min: -5, max: 50 }), fc.constantFrom(Number.MIN_SAFE_INTEGER)),
  arrived: count,
  jitterUs: fc.option(count32),
  rttUsSum: count,
  rttCount: count32,
  rttUsMax: count32,
  pixels: count32,
  frames: count32,
  width: fc.integer({ min: 0, max: 65_535 }),
  height: fc.integer({ min: 0, max: 2 }),
  freezes: count32,
});
type MadeTick = Tick & { file: number; connection: number };

describe('the track totals of a dry run', () => {
  it('equal those that the oracle computes from the same ticks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(madeTick, { maxLength: 30 }), async (made) => {
        // A connection has one tick of each medium and direction at a time.
        const ticks = [...new Map(made.map((tick) => [`${tick.file} ${nameOf(tick)}`, tick])).values()];
        const rows = await sumTrackTotals(
          [0, 1].map((file) => spooled(ticks.filter((tick) => tick.file === file))),
        );
        const expected = new Map<string, MadeTick[]>();
        for (const tick of ticks) {
          const track = `${tick.media} ${tick.direction}`;
          expected.set(track, [...(expected.get(track) ?? []), tick]);
        }
        assert.deepEqual(
          rows.map(({ media, direction }) => `${media} ${direction}`),
          [...expected.keys()].sort(),
        );
        for (const row of rows) {
          const ofTrack = expected.get(`${row.media} ${row.direction}`) ?? [];
          assert.deepEqual(asOracle(row), toTotals(ofTrack.map(toSample)));
        }
      }),
      { numRuns: 200 },
    );
  });
});

/** Connection 2 is in both files: there a tick of the same end is one tick, the last. */
function nameOf({ connection, media, direction, endMs }: MadeTick): string {
  return `${connection} ${media} ${direction} ${endMs}`;
}

function connectionId({ file, connection }: MadeTick): string {
  return connection === 2 ? 'shared' : `${file}/${connection}`;
}

function spooled(ticks: readonly MadeTick[]): OwnedTicks {
  const spool = new TickSpool(join(tmpdir(), `import-totals-${process.pid}.tsv`));
  for (const tick of ticks) spool.add(tick.connection, [tick]);
  const owners = new Map(
    ticks.map((tick) => [tick.connection, { sessionId: 's', peerId: 'p', connectionId: connectionId(tick) }]),
  );
  return { ticks: spool.finish(), owners };
}

function toSample(tick: MadeTick): SampleRow {
  return {
    sessionId: 's',
    peerId: 'p',
    connectionId: connectionId(tick),
    media: tick.media,
    direction: tick.direction,
    codec: tick.codec,
    tickEndMs: tick.endMs,
    tickMs: tick.lengthMs,
    bytes: BigInt(tick.bytes),
    packets: BigInt(tick.packets),
    packetsLost: BigInt(tick.lost),
    packetsArrived: BigInt(tick.arrived),
    jitterUs: tick.jitterUs,
    rttUsSum: BigInt(tick.rttUsSum),
    rttCount: tick.rttCount,
    rttUsMax: tick.rttUsMax,
    pixels: tick.pixels,
    frames: tick.frames,
    width: tick.width,
    height: tick.height,
    freezes: tick.freezes,
    // Files are delivered one after the other.
    deliveredAtMs: tick.file,
  };
}

function asOracle(row: TrackTotalsRow): TrackTotals {
  return {
    bytes: row.bytes,
    packets: row.packets,
    packetsLost: row.packets_lost,
    packetsArrived: row.packets_arrived,
    activeMs: row.active_ms,
    bitrateSqMs: row.bitrate_sq_ms,
    jitterUsSum: row.jitter_us_sum,
    jitterCount: row.jitter_count,
    jitterUsMax: row.jitter_us_max,
    rttUsSum: row.rtt_us_sum,
    rttCount: row.rtt_count,
    rttUsMax: row.rtt_us_max,
    pixelMs: row.pixel_ms,
    sizedMs: row.sized_ms,
    frames: row.frames,
    widthMax: row.width_max,
    heightMax: row.height_max,
    freezes: row.freezes,
    codec: row.codec,
  };
}

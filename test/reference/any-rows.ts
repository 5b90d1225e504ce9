// Random rows of the three views for properties: rooms with several versions, orphans, ghosts, other words
// than those allowed, numbers at their limits and texts of any bytes. Rows of a room come in any order; rooms
// are in the order of their keys, as the scans have them.
import fc from 'fast-check';
import { compareRows } from './document-text.ts';
import type { ByteText, HistoryRows, KeyedRow, KeysOfPeer, StreamOptions, Value } from './history-rows.ts';

export const START_MS = Date.UTC(2026, 10, 23, 10);

const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/** Texts that JSON writes as they are, texts that it escapes, and bytes that are no text at all. */
export const anyText: fc.Arbitrary<ByteText> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 12 }) },
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }).map(toBytes) },
  { weight: 1, arbitrary: fc.constantFrom('"', '\\', '\n', '\0', '\u2028', '\u2029').map(toBytes) },
  { weight: 2, arbitrary: anyBytes(6) },
);

/** Bytes that make broken and cut-off characters likely. */
export function anyBytes(maxLength: number): fc.Arbitrary<ByteText> {
  const byte = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(0x22, 0x5c, 0x41, 0x80, 0xa8, 0xbf, 0xc2, 0xe2, 0xed, 0xa0, 0xf0, 0xf4, 0x90, 0xff),
  );
  return fc.array(byte, { maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
}

function toBytes(text: string): ByteText {
  return Buffer.from(text).toString('latin1');
}

/** Few ids, so that rows meet. */
const anyId = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('', 'a', 'b', 'ab', '\xff', '\xef\xbf\xbf', '\xc3\xa9') },
  { weight: 1, arbitrary: anyText },
);

const anyTime = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: START_MS - 100_000, max: START_MS + 100_000 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, -1, Date.UTC(1900, 0, 1), Date.UTC(2299, 11, 31, 23, 59, 59, 999)),
  },
);

/** null is a number that is none. */
const anyCount: fc.Arbitrary<bigint | null> = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: 0n, max: 5_000n }) },
  { weight: 2, arbitrary: fc.constant(0n) },
  { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 10n ** 12n }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(2n ** 53n - 1n, 2n ** 53n, 2n ** 53n + 1n, UINT64_MAX - 1n, UINT64_MAX),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);

const anySigned: fc.Arbitrary<bigint | null> = fc.oneof(
  { weight: 6, arbitrary: fc.bigInt({ min: -100n, max: 5_000n }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0n, INT64_MIN, INT64_MIN + 1n, INT64_MAX, -(2n ** 53n), 2n ** 53n),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);

const anyKeys: fc.Arbitrary<KeysOfPeer> = fc.array(
  fc.tuple(fc.oneof(fc.constantFrom('plan', 'k\xff', 'k\xfe'), anyText), fc.array(anyText, { maxLength: 3 })),
  { maxLength: 3 },
);

export const roomColumns = fc.record({
  room_id: anyText,
  room_url: anyText,
  started_at: anyTime,
  ended_at: anyTime,
});

export const peerColumns = fc.record({
  joined_at: fc.oneof(fc.constantFrom(START_MS, START_MS + 1), anyTime),
  left_at: anyTime,
  connected_ms: fc.oneof(anyCount, fc.constantFrom(10n ** 11n, 10n ** 11n + 1n)),
  joins: anyCount,
  os: anyText,
  os_version: anyText,
  browser: anyText,
  browser_version: anyText,
  sdk_version: anyText,
  city: anyText,
  country: anyText,
  organization: anyText,
  connection_type: fc.constantFrom('', 'HOST', 'STUN', 'TURN', 'relay', 'host'),
  media_transport: fc.constantFrom('', 'udp', 'tcp', 'tls', 'UDP'),
  audio_device: anyText,
  video_device: anyText,
  end_reason: anyText,
  keys: anyKeys,
  call_setup_ms: fc.oneof(anyCount, fc.constantFrom(10n ** 8n, 10n ** 8n + 1n)),
  rating: fc.option(fc.bigInt({ min: 0n, max: 6n })),
});

export const totalColumns = fc.record({
  bytes: anyCount,
  packets: anyCount,
  packets_lost: anySigned,
  packets_arrived: anyCount,
  active_ms: anyCount,
  bitrate_sq_ms: anyCount,
  jitter_us_sum: anyCount,
  jitter_count: anyCount,
  jitter_us_max: anyCount,
  rtt_us_sum: anyCount,
  rtt_count: anyCount,
  rtt_us_max: anyCount,
  pixel_ms: anyCount,
  sized_ms: anyCount,
  frames: anyCount,
  width_max: anyCount,
  height_max: anyCount,
  freezes: anyCount,
  codec: fc.constantFrom('', 'opus', 'VP8', 'H264'),
});

type Columns = Record<string, Value>;

/**
 * Rows of one key, each with another version; mostly one. Versions are also as large as times in nanoseconds.
 */
function versionsOf(columns: fc.Arbitrary<Columns>): fc.Arbitrary<Columns[]> {
  const several = fc.uniqueArray(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 3 });
  const versions = fc.oneof(
    { weight: 5, arbitrary: fc.constant([1n]) },
    { weight: 1, arbitrary: several.map((numbers) => numbers.map(BigInt)) },
    { weight: 1, arbitrary: several.map((numbers) => numbers.map((n) => 10n ** 18n + 1000n * BigInt(n))) },
  );
  return versions.chain((numbers) =>
    fc.tuple(...numbers.map((version) => columns.map((values) => ({ ...values, version })))),
  );
}

const anyTotals = fc
  .uniqueArray(fc.tuple(fc.constantFrom('audio', 'video', 'data'), fc.constantFrom('send', 'recv', 'both')), {
    maxLength: 4,
    selector: (kind) => kind.join(' '),
  })
  .chain((kinds) =>
    fc.tuple(
      ...kinds.map(([media, direction]) =>
        versionsOf(totalColumns).map((rows) => rows.map((row) => ({ ...row, media, direction }))),
      ),
    ),
  )
  .map((rows) => rows.flat());

/** Rows, or now and then none. */
function orNone(rows: fc.Arbitrary<Columns[]>): fc.Arbitrary<Columns[]> {
  const none: Columns[] = [];
  return fc.oneof({ weight: 8, arbitrary: rows }, { weight: 1, arbitrary: fc.constant(none) });
}

const anyPeer = fc.record({
  peer_id: anyId,
  /** None: the totals are of nobody. */
  rows: orNone(versionsOf(peerColumns)),
  totals: anyTotals,
});

const anyRoom = fc.record({
  finalized_at: fc.constantFrom(START_MS, START_MS + 1, START_MS + 60_000),
  session_id: anyId,
  /** None: peers and totals are orphans. */
  rows: orNone(versionsOf(roomColumns)),
  peers: fc.uniqueArray(anyPeer, { maxLength: 4, selector: ({ peer_id }) => peer_id }),
});

/** Rows of up to `roomsMax` rooms. */
export function anyRows(roomsMax = 4): fc.Arbitrary<HistoryRows> {
  return fc
    .uniqueArray(anyRoom, {
      maxLength: roomsMax,
      selector: ({ finalized_at, session_id }) => `${finalized_at} ${session_id}`,
    })
    .chain((rooms) => {
      const rows = { rooms: [] as KeyedRow[], peers: [] as KeyedRow[], totals: [] as KeyedRow[] };
      for (const { finalized_at, session_id, rows: versions, peers } of rooms) {
        const room = { finalized_at, session_id };
        rows.rooms.push(...versions.map((row) => ({ ...room, ...row })));
        for (const { peer_id, rows: peerVersions, totals } of peers) {
          rows.peers.push(...peerVersions.map((row) => ({ ...room, ...row, peer_id })));
          rows.totals.push(...totals.map((row) => ({ ...room, ...row, peer_id })));
        }
      }
      return inAnyOrder(rows);
    });
}

/** Rooms stay in the order of their keys; the rows of one room come in any order. */
export function inAnyOrder({ rooms, peers, totals }: HistoryRows): fc.Arbitrary<HistoryRows> {
  const shuffled = (rows: readonly KeyedRow[]) =>
    fc
      .shuffledSubarray([...rows], { minLength: rows.length })
      .map((order) => order.sort((a, b) => compareRows(a, b)));
  return fc.record({ rooms: shuffled(rooms), peers: shuffled(peers), totals: shuffled(totals) });
}

/** How the rows are cut into record batches. */
export const anyBatches: fc.Arbitrary<Pick<StreamOptions, 'batchRows' | 'dictionaries'>> = fc.record({
  batchRows: fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 6 }),
  dictionaries: fc.constantFrom('growing' as const, 'replaced' as const),
});

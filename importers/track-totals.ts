// The track totals of an import that writes nothing: the sums of analyse.sql over the ticks that the files
// were turned into, by the rules at the head of analyse.ts, here in Node. Exact: counters are added as BigInt
// and cut to their column's range once, at the end.
import { readSpool, unescapeTab } from './tick-spool.ts';
import type { SpooledTick } from './tick-spool.ts';
import type { OwnedTicks } from './write-ticks.ts';

/**
 * A row of track_totals without the columns that say when the room was finalised, in the order of the table's
 * columns.
 */
export interface TrackTotalsRow {
  session_id: string;
  peer_id: string;
  media: string;
  direction: string;
  bytes: bigint;
  packets: bigint;
  packets_lost: bigint;
  packets_arrived: bigint;
  active_ms: bigint;
  bitrate_sq_ms: bigint;
  jitter_us_sum: bigint;
  jitter_count: bigint;
  jitter_us_max: number;
  rtt_us_sum: bigint;
  rtt_count: bigint;
  rtt_us_max: number;
  pixel_ms: bigint;
  sized_ms: bigint;
  frames: bigint;
  width_max: number;
  height_max: number;
  freezes: bigint;
  codec: string;
}

const UINT32_MAX = 2n ** 32n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const INT64_MAX = 2n ** 63n - 1n;

/** Rows in the order of session, peer, media and direction, as ClickHouse orders texts: by their bytes. */
export async function sumTrackTotals(sources: readonly OwnedTicks[]): Promise<TrackTotalsRow[]> {
  const totals = new Map<string, TrackSums>();
  const isShared = sharedConnections(sources);
  const shared = new Map<string, OwnedTick>();
  for (const { ticks, owners } of sources) {
    for await (const tick of readSpool(ticks)) {
      const owner = owners.get(tick.connectionIndex);
      if (owner === undefined) continue;
      const owned = { owner, tick, columns: tick.columns.split('\t') };
      if (isShared(owner.connectionId)) shared.set(nameOf(owned), owned);
      else addTick(totals, owned);
    }
  }
  for (const owned of shared.values()) addTick(totals, owned);
  return [...totals.values()].map((sums) => sums.toRow()).sort(byName);
}

type Owner = NonNullable<ReturnType<OwnedTicks['owners']['get']>>;

interface OwnedTick {
  owner: Owner;
  tick: SpooledTick;
  /** The TICK_COLUMNS, as texts. */
  columns: readonly string[];
}

/** Of a connection that two files hold, a tick of the same end is one tick: the last one, as in the table. */
function sharedConnections(sources: readonly OwnedTicks[]): (connectionId: string) => boolean {
  const counts = new Map<string, number>();
  for (const { owners } of sources) {
    for (const { connectionId } of owners.values())
      counts.set(connectionId, (counts.get(connectionId) ?? 0) + 1);
  }
  return (connectionId) => (counts.get(connectionId) ?? 0) > 1;
}

function nameOf({ owner, tick, columns: [media = '', direction = ''] }: OwnedTick): string {
  return [owner.sessionId, owner.peerId, owner.connectionId, media, direction, tick.endMs].join('\n');
}

function addTick(totals: Map<string, TrackSums>, { owner, tick, columns }: OwnedTick): void {
  const [media = '', direction = ''] = columns;
  const name = [owner.sessionId, owner.peerId, media, direction].join('\n');
  let sums = totals.get(name);
  if (sums === undefined) totals.set(name, (sums = new TrackSums(owner, media, direction)));
  sums.add(owner.connectionId, tick.endMs, columns);
}

class TrackSums {
  readonly #row: TrackTotalsRow;
  /** Times covered, from and to, by connection: those that follow each other are one. */
  readonly #spans = new Map<string, [number, number][]>();
  readonly #packetsOfCodec = new Map<string, bigint>();

  constructor({ sessionId, peerId }: Owner, media: string, direction: string) {
    this.#row = { session_id: sessionId, peer_id: peerId, media, direction, ...NOTHING };
  }

  add(connectionId: string, endMs: number, columns: readonly string[]): void {
    const row = this.#row;
    const [
      ,
      ,
      codec = '',
      tickMs = '0',
      bytes = '0',
      packets = '0',
      lost = '0',
      arrived = '0',
      jitter = '\\N',
    ] = columns;
    const [
      rttSum = '0',
      rttCount = '0',
      rttMax = '0',
      pixels = '0',
      frames = '0',
      width = '0',
      height = '0',
    ] = columns.slice(9);
    const ms = BigInt(tickMs);
    const kbps = ms === 0n ? 0n : (8n * BigInt(bytes)) / ms;
    row.bytes += BigInt(bytes);
    row.packets += BigInt(packets);
    row.packets_lost += BigInt(lost);
    row.packets_arrived += BigInt(arrived);
    row.bitrate_sq_ms += kbps * kbps * ms;
    if (jitter !== '\\N') {
      row.jitter_us_sum += BigInt(jitter);
      row.jitter_count += 1n;
      row.jitter_us_max = Math.max(row.jitter_us_max, Number(jitter));
    }
    row.rtt_us_sum += BigInt(rttSum);
    row.rtt_count += BigInt(rttCount);
    row.rtt_us_max = Math.max(row.rtt_us_max, Number(rttMax));
    if (pixels !== '0') {
      row.pixel_ms += BigInt(pixels) * ms;
      row.sized_ms += ms;
      row.frames += BigInt(frames);
    }
    row.freezes += BigInt(columns[16] ?? '0');
    this.#addFrame(Number(width), Number(height));
    this.#packetsOfCodec.set(codec, (this.#packetsOfCodec.get(codec) ?? 0n) + BigInt(packets));
    this.#cover(connectionId, endMs - Number(tickMs), endMs);
  }

  toRow(): TrackTotalsRow {
    const row = {
      ...this.#row,
      active_ms: coveredMs([...this.#spans.values()].flat()),
      codec: this.#mainCodec(),
    };
    for (const name of UINT64_COLUMNS) if (row[name] > UINT64_MAX) row[name] = UINT64_MAX;
    if (row.freezes > UINT32_MAX) row.freezes = UINT32_MAX;
    if (row.packets_lost > INT64_MAX) row.packets_lost = INT64_MAX;
    else if (row.packets_lost < -INT64_MAX - 1n) row.packets_lost = -INT64_MAX - 1n;
    return row;
  }

  #addFrame(width: number, height: number): void {
    const row = this.#row;
    const [area, most] = [width * height, row.width_max * row.height_max];
    if (area === 0 || area < most || (area === most && width <= row.width_max)) return;
    row.width_max = width;
    row.height_max = height;
  }

  #cover(connectionId: string, fromMs: number, toMs: number): void {
    const spans = this.#spans.get(connectionId);
    const last = spans?.[spans.length - 1];
    if (last?.[1] === fromMs) last[1] = toMs;
    else if (spans === undefined) this.#spans.set(connectionId, [[fromMs, toMs]]);
    else spans.push([fromMs, toMs]);
  }

  /** With most packets, of several the first by its bytes; the one of no name only where none is named. */
  #mainCodec(): string {
    const named = [...this.#packetsOfCodec].filter(([codec]) => codec !== '');
    named.sort(([a, x], [b, y]) => (x === y ? byBytes(a, b) : x > y ? -1 : 1));
    return unescapeTab(named[0]?.[0] ?? '');
  }
}

const NOTHING = {
  bytes: 0n,
  packets: 0n,
  packets_lost: 0n,
  packets_arrived: 0n,
  active_ms: 0n,
  bitrate_sq_ms: 0n,
  jitter_us_sum: 0n,
  jitter_count: 0n,
  jitter_us_max: 0,
  rtt_us_sum: 0n,
  rtt_count: 0n,
  rtt_us_max: 0,
  pixel_ms: 0n,
  sized_ms: 0n,
  frames: 0n,
  width_max: 0,
  height_max: 0,
  freezes: 0n,
  codec: '',
} as const satisfies Partial<TrackTotalsRow>;

const UINT64_COLUMNS = [
  'bytes',
  'packets',
  'packets_arrived',
  'bitrate_sq_ms',
  'jitter_us_sum',
  'rtt_us_sum',
  'rtt_count',
  'pixel_ms',
  'sized_ms',
  'frames',
] as const;

function coveredMs(spans: [number, number][]): bigint {
  let covered = 0;
  let until = -Infinity;
  for (const [from, to] of spans.sort(([a], [b]) => a - b)) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return BigInt(covered);
}

function byName(a: TrackTotalsRow, b: TrackTotalsRow): number {
  return (
    byBytes(a.session_id, b.session_id) ||
    byBytes(a.peer_id, b.peer_id) ||
    byBytes(a.media, b.media) ||
    byBytes(a.direction, b.direction)
  );
}

export function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

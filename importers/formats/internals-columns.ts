// The columns of one connection in a webrtc-internals dump, and their way back to getStats calls: the column
// with most values gives the times of the calls. The values of every other are placed by the times that its
// report bears, else from its own start.
import { isFields, readText } from '../read-value.ts';
import type { RecordedConnection } from '../recording.ts';
import { WANTED_FIELDS } from '../wanted-fields.ts';
import { readCallTime } from './call-time.ts';

interface Column {
  startMs: number;
  endMs: number;
  values: unknown[];
}

interface ReportColumns {
  /** As the columns say; null where none of them does. */
  type: string | null;
  fields: Map<string, Column>;
}

/** Ids by which reports of dumps without types are known. */
const TYPE_OF_ID: readonly (readonly [RegExp, string])[] = [
  [/^ssrc_/, 'ssrc'],
  [/^Conn-/, 'googCandidatePair'],
  [/^RTCInboundRTP|^IT\d/, 'inbound-rtp'],
  [/^RTCOutboundRTP|^OT\d/, 'outbound-rtp'],
  [/^RTCRemoteInboundRtp|^RI[AV]\d/, 'remote-inbound-rtp'],
  [/^RTCMediaStreamTrack_|^DEPRECATED_TI/, 'track'],
  [/^RTCCodec_|^C[IO]T\d/, 'codec'],
  [/^RTCTransport_|^T\d/, 'transport'],
  [/^RTCIceCandidatePair_|^CP/, 'candidate-pair'],
  [/^RTCIceCandidate_|^I[A-Za-z0-9+/]{8}$/, 'local-candidate'],
];

export class ConnectionColumns {
  readonly connectionId: string;
  readonly #reports = new Map<string, ReportColumns>();

  constructor(connectionId: string) {
    this.connectionId = connectionId;
  }

  /**
   * Whether the column of that name holds a report's field that is used; `[…]` marks what the page computed
   * itself.
   */
  static wants(name: string): boolean {
    return !name.includes('-[') && WANTED_FIELDS.has(name.slice(name.lastIndexOf('-') + 1));
  }

  /** Adds `{startTime, endTime, values, statsType?}`; returns what is wrong with it, or null. */
  add(name: string, value: unknown): string | null {
    const dash = name.lastIndexOf('-');
    const id = name.slice(0, dash);
    if (!isFields(value) || dash <= 0) return 'column without values';
    const startMs = readCallTime(value.startTime);
    const endMs = readCallTime(value.endTime);
    if (startMs === null || endMs === null || endMs < startMs) return 'column without startTime and endTime';
    const values = readValues(value.values);
    if (values === null) return 'values: not a JSON array';
    const type = readText(value.statsType);
    let report = this.#reports.get(id);
    if (report === undefined) this.#reports.set(id, (report = { type, fields: new Map() }));
    report.type ??= type;
    report.fields.set(name.slice(dash + 1), { startMs, endMs, values });
    return null;
  }

  /** Plays the calls back into the connection, in the order of time. */
  replay(connection: RecordedConnection, place: string): void {
    const reports = this.#typedReports();
    const times = callTimes(reports);
    const placed = reports.map((report) => ({ ...report, columns: placeColumns(report, times) }));
    for (const [call, takenAtMs] of times.entries()) {
      connection.reports.nextCall(true);
      for (const { id, type, columns } of placed) {
        const fields = fieldsAt(columns, call);
        if (fields !== null) connection.reports.merge(id, { ...fields, type });
      }
      connection.read(takenAtMs, `${place}, sample ${call + 1}`);
    }
  }

  /**
   * Newer dumps say the type with each column, some write it as a column of its own, in old ones the id tells
   * it.
   */
  #typedReports(): TypedReport[] {
    return [...this.#reports].flatMap(([id, { type: said, fields }]) => {
      const written = fields.get('type')?.values.find((value) => typeof value === 'string');
      const type = said ?? readText(written) ?? TYPE_OF_ID.find(([pattern]) => pattern.test(id))?.[1];
      return type === undefined ? [] : [{ id, type, fields }];
    });
  }
}

interface TypedReport {
  id: string;
  type: string;
  fields: ReadonlyMap<string, Column>;
}

function callTimes(reports: readonly TypedReport[]): number[] {
  let longest: { report: TypedReport; column: Column } | null = null;
  for (const report of reports) {
    for (const column of report.fields.values()) {
      if (longest === null || column.values.length > longest.column.values.length)
        longest = { report, column };
    }
  }
  if (longest === null) return [];
  const { column, report } = longest;
  const stamps = stampsOf(report);
  if (stamps?.length === column.values.length && isRising(stamps)) return [...stamps];
  return column.values.map((_value, index) => timeOfValue(column, index));
}

/**
 * When the report was read, for each of its values; null where it does not say. Far ends' reports bear other
 * times than their calls.
 */
function stampsOf({ type, fields }: TypedReport): readonly number[] | null {
  if (type.startsWith('remote-')) return null;
  const stamps = fields.get('timestamp')?.values.map(readCallTime);
  return stamps?.every((stamp) => stamp !== null) === true ? stamps : null;
}

/** Values are spread evenly from a column's start to its end. */
function timeOfValue({ startMs, endMs, values }: Column, index: number): number {
  return values.length < 2 ? startMs : startMs + (index * (endMs - startMs)) / (values.length - 1);
}

interface PlacedColumn {
  name: string;
  values: readonly unknown[];
  /** The call of the first value, where one value follows another. */
  first: number;
  /** Index of the value of each call, where calls are missing. */
  indexOfCall: ReadonlyMap<number, number> | null;
}

/**
 * A column with fewer values than this share of the calls from its start to its end was not written in each
 * of them.
 */
const SHARE_MIN = 0.75;

function placeColumns(report: TypedReport, times: readonly number[]): PlacedColumn[] {
  const stamps = stampsOf(report);
  return [...report.fields].map(([name, column]) => {
    const { values } = column;
    const first = firstCall(times, column);
    const span = nearestCall(times, column.endMs, first) - first + 1;
    const isWhole = values.length >= span || (stamps === null && values.length >= span * SHARE_MIN);
    return { name, values, first, indexOfCall: isWhole ? null : placeValues(column, stamps, times) };
  });
}

/** By the times that the report bears, from where the column begins in them; else evenly. */
function placeValues(
  column: Column,
  stamps: readonly number[] | null,
  times: readonly number[],
): ReadonlyMap<number, number> {
  const { values } = column;
  const isStamped = stamps !== null && stamps.length >= values.length;
  const from = isStamped ? firstStamp(stamps, column) : 0;
  const indexOfCall = new Map<number, number>();
  let call = 0;
  for (const index of values.keys()) {
    const atMs = (isStamped ? stamps[from + index] : null) ?? timeOfValue(column, index);
    call = nearestCall(times, atMs, call);
    indexOfCall.set(call, index);
  }
  return indexOfCall;
}

/** A field may begin later than its report. */
function firstStamp(stamps: readonly number[], { startMs, values }: Column): number {
  return Math.min(nearestCall(stamps, startMs), stamps.length - values.length);
}

/** What a report said in a call, or null when it was not there. */
function fieldsAt(columns: readonly PlacedColumn[], call: number): Record<string, unknown> | null {
  let fields: Record<string, unknown> | null = null;
  for (const { name, first, indexOfCall, values } of columns) {
    const index = indexOfCall === null ? call - first : (indexOfCall.get(call) ?? -1);
    if (index < 0 || index >= values.length) continue;
    fields ??= {};
    fields[name] = values[index];
  }
  return fields;
}

/**
 * The call nearest to where a column begins; one that would reach beyond the last call begins as much
 * earlier.
 */
function firstCall(times: readonly number[], column: Column): number {
  return Math.max(0, Math.min(nearestCall(times, column.startMs), times.length - column.values.length));
}

/** The call nearest to this time, looked for from a call that is not later. */
function nearestCall(times: readonly number[], atMs: number, from = 0): number {
  const distance = (call: number): number => Math.abs((times[call] ?? 0) - atMs);
  let nearest = from;
  // Times rise, so the distance falls and then rises.
  while (nearest + 1 < times.length && distance(nearest + 1) < distance(nearest)) nearest += 1;
  return nearest;
}

function readValues(values: unknown): unknown[] | null {
  if (Array.isArray(values)) return values as unknown[];
  if (typeof values !== 'string') return null;
  try {
    const parsed: unknown = JSON.parse(values);
    return Array.isArray(parsed) ? (parsed as unknown[]) : null;
  } catch {
    return null;
  }
}

function isRising(times: readonly number[]): boolean {
  return times.every((time, index) => index === 0 || time > (times[index - 1] ?? time));
}

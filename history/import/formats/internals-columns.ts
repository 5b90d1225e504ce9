// The columns of one connection in a webrtc-internals dump, and their way back to getStats calls: the column with most
// values gives the times of the calls, every other is laid beside it from the call nearest to its own start.
import { isFields, readText } from '../read-value.ts';
import type { RecordedConnection } from '../recording.ts';
import { WANTED_FIELDS } from '../wanted-fields.ts';
import { isCallTime } from './format-reader.ts';

interface Column {
  startMs: number;
  endMs: number;
  values: unknown[];
}

interface ReportColumns {
  type: string;
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

  /** Whether the column of that name holds a report's field that is used; `[…]` marks what the page computed itself. */
  static wants(name: string): boolean {
    return !name.includes('-[') && WANTED_FIELDS.has(name.slice(name.lastIndexOf('-') + 1));
  }

  /** Adds `{startTime, endTime, values, statsType?}`; returns what is wrong with it, or null. */
  add(name: string, value: unknown): string | null {
    const dash = name.lastIndexOf('-');
    const id = name.slice(0, dash);
    if (!isFields(value) || dash <= 0) return 'column without values';
    const startMs = Date.parse(readText(value.startTime) ?? '');
    const endMs = Date.parse(readText(value.endTime) ?? '');
    if (!isCallTime(startMs) || !isCallTime(endMs) || endMs < startMs)
      return 'column without startTime and endTime';
    const values = readValues(value.values);
    if (values === null) return 'values: not a JSON array';
    const type = readText(value.statsType) ?? TYPE_OF_ID.find(([pattern]) => pattern.test(id))?.[1] ?? null;
    if (type === null) return null;
    let report = this.#reports.get(id);
    if (report === undefined) this.#reports.set(id, (report = { type, fields: new Map() }));
    report.fields.set(name.slice(dash + 1), { startMs, endMs, values });
    return null;
  }

  /** Plays the calls back into the connection, in the order of time. */
  replay(connection: RecordedConnection, place: string): void {
    const times = this.#callTimes();
    const placed = [...this.#reports].map(([id, { type, fields }]) => ({
      id,
      type,
      columns: [...fields].map(([name, column]) => ({
        name,
        first: firstCall(times, column),
        values: column.values,
      })),
    }));
    for (const [call, takenAtMs] of times.entries()) {
      connection.reports.nextCall(true);
      for (const { id, type, columns } of placed) {
        const fields = fieldsAt(columns, call);
        if (fields !== null) connection.reports.merge(id, { ...fields, type });
      }
      connection.read(takenAtMs, `${place}, sample ${call + 1}`);
    }
  }

  #callTimes(): number[] {
    let longest: { report: ReportColumns; column: Column } | null = null;
    for (const report of this.#reports.values()) {
      for (const column of report.fields.values()) {
        if (longest === null || column.values.length > longest.column.values.length)
          longest = { report, column };
      }
    }
    if (longest === null) return [];
    const { column, report } = longest;
    const stamps = report.type === 'remote-inbound-rtp' ? undefined : report.fields.get('timestamp')?.values;
    if (stamps?.length === column.values.length && stamps.every(isCallTime) && isRising(stamps))
      return stamps;
    const step = column.values.length < 2 ? 0 : (column.endMs - column.startMs) / (column.values.length - 1);
    return column.values.map((_value, index) => column.startMs + index * step);
  }
}

interface PlacedColumn {
  name: string;
  /** The call that its first value is of. */
  first: number;
  values: readonly unknown[];
}

/** What a report said in a call, or null when it was not there. */
function fieldsAt(columns: readonly PlacedColumn[], call: number): Record<string, unknown> | null {
  let fields: Record<string, unknown> | null = null;
  for (const { name, first, values } of columns) {
    const index = call - first;
    if (index < 0 || index >= values.length) continue;
    fields ??= {};
    fields[name] = values[index];
  }
  return fields;
}

/** The call nearest to where a column begins; one that would reach beyond the last call begins as much earlier. */
function firstCall(times: readonly number[], column: Column): number {
  const from = (call: number): number => Math.abs((times[call] ?? 0) - column.startMs);
  let nearest = 0;
  // Times rise, so the distance falls and then rises.
  while (nearest + 1 < times.length && from(nearest + 1) < from(nearest)) nearest += 1;
  return Math.max(0, Math.min(nearest, times.length - column.values.length));
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

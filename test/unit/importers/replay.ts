// The oracle of the import's tests: replays the raw counters of a dump on its own, in another way than the
// import does. It collects, line by line, the whole series of values that each stream's counters took, cuts
// the series where bytes or packets fall, and adds up the last values of the cuts. A stream is known by its
// direction and SSRC, whatever its reports are called. Written for whole clarity, not for speed.
import type { Sums } from './reading.ts';

type Report = Record<string, unknown>;
type Step = Record<'bytes' | 'packets' | 'lost', number | null>;

/** One stream: its series of readings, and what the far end said of it. */
interface Series {
  group: string;
  steps: Step[];
}

/** Reads an rtcstats dump of the kind whose lines are `["getstats", connection, {id: changes}, time]`. */
export function replayRtcstats(text: string): Map<string, Sums> {
  const reports = new Map<string, Map<string, Report>>();
  const series = new Map<string, Series>();
  const generations = new Map<string, number>();
  for (const line of text.split('\n')) {
    const entry = parseOrNull(line);
    if (!Array.isArray(entry)) continue;
    const [event, connection, value, time] = entry as unknown[];
    if (typeof connection !== 'string' || connection === '') continue;
    if (event === 'create' && isTime(time) && (generations.has(connection) || reports.has(connection))) {
      throw new Error('the replay knows no dump that makes a connection of the same name twice');
    }
    if (event === 'create') generations.set(connection, 1);
    if (event !== 'getstats' || !isReport(value)) continue;
    const known = reports.get(connection) ?? new Map<string, Report>();
    reports.set(connection, known);
    for (const [id, change] of Object.entries(value)) {
      if (!isReport(change)) continue;
      known.set(id, change.type === undefined ? { ...known.get(id), ...change } : change);
    }
    addSteps(series, connection, known);
  }
  return sumSeries(series);
}

/** Reads a recording of raw getStats calls (recorder). */
export function replayGetstats(text: string): Map<string, Sums> {
  const series = new Map<string, Series>();
  for (const line of text.split('\n')) {
    const entry = parseOrNull(line);
    if (!isReport(entry) || !Array.isArray(entry.reports)) continue;
    const reports = new Map<string, Report>();
    for (const report of entry.reports as unknown[])
      if (isReport(report)) reports.set(String(report.id), report);
    addSteps(series, String(entry.connection), reports);
  }
  return sumSeries(series);
}

/**
 * Reads a whole webrtc-internals dump: each column is the series of one counter already. A column that is no
 * array is not there.
 */
export function replayInternals(text: string): Map<string, Sums> {
  const series = new Map<string, Series>();
  const dump = JSON.parse(text) as {
    PeerConnections: Record<string, { stats: Record<string, { statsType?: string; values: string }> }>;
  };
  for (const [connection, { stats }] of Object.entries(dump.PeerConnections)) {
    const valuesOf = (id: string, name: string): unknown[] => {
      const values = parseOrNull(stats[`${id}-${name}`]?.values ?? '');
      return Array.isArray(values) ? (values as unknown[]) : [];
    };
    for (const [column, { statsType }] of Object.entries(stats)) {
      const match = /^(.*)-kind$/.exec(column);
      if (match === null || (statsType !== 'inbound-rtp' && statsType !== 'outbound-rtp')) continue;
      const [, id = ''] = match;
      const isSent = statsType === 'outbound-rtp';
      const way = isSent ? 'Sent' : 'Received';
      const [kind] = valuesOf(id, 'kind');
      const [packets, bytes] = [valuesOf(id, `packets${way}`), valuesOf(id, `bytes${way}`)];
      // Of what is sent the far end tells the losses, in a report that begins later and ends with the others.
      const remote = Object.keys(stats).find(
        (name) =>
          name.endsWith('-localId') && valuesOf(name.slice(0, -'-localId'.length), 'localId')[0] === id,
      );
      const lost = valuesOf(isSent ? (remote?.slice(0, -'-localId'.length) ?? '') : id, 'packetsLost');
      const length = Math.max(packets.length, bytes.length);
      const steps = Array.from({ length }, (_none, index) => ({
        packets: counter(packets[index], true),
        bytes: counter(bytes[index], false),
        lost: signed(lost[index - (isSent ? length - lost.length : 0)]),
      }));
      series.set(`${connection} ${id}`, {
        group: `${connection} ${String(kind)} ${isSent ? 'send' : 'recv'}`,
        steps,
      });
    }
  }
  return sumSeries(series);
}

function addSteps(
  series: Map<string, Series>,
  connection: string,
  reports: ReadonlyMap<string, Report>,
): void {
  const ofStream = new Map<string, { id: string; report: Report; media: string }>();
  for (const [id, report] of reports) {
    const isSent = report.type === 'outbound-rtp';
    if ((!isSent && report.type !== 'inbound-rtp') || report.isRemote === true) continue;
    const media =
      report.kind ??
      report.mediaType ??
      (/audio/i.test(id) ? 'audio' : /video/i.test(id) ? 'video' : undefined);
    if (media !== 'audio' && media !== 'video') continue;
    const key = `${connection} ${isSent ? 'send' : 'recv'} ${nameOf(report) ?? `report ${id}`}`;
    const known = ofStream.get(key);
    if (known === undefined || !isOlder(report, known.report)) ofStream.set(key, { id, report, media });
  }
  for (const [key, { id, report, media }] of ofStream) {
    const isSent = report.type === 'outbound-rtp';
    const one = series.get(key) ?? { group: `${connection} ${media} ${isSent ? 'send' : 'recv'}`, steps: [] };
    const way = isSent ? 'Sent' : 'Received';
    one.steps.push({
      bytes: counter(report[`bytes${way}`], false),
      packets: counter(report[`packets${way}`], true),
      lost: signed(isSent ? remoteOf(id, report, reports)?.packetsLost : report.packetsLost),
    });
    series.set(key, one);
  }
}

/** The SSRC; null where there is none, or 0, which is none. */
function nameOf({ ssrc }: Report): string | null {
  const text = typeof ssrc === 'string' || typeof ssrc === 'number' ? String(ssrc) : '';
  return text === '' || text === '0' ? null : text;
}

/** By its time; of two of one time the one that has counted less. */
function isOlder(report: Report, other: Report): boolean {
  const [a, b] = [report, other].map(({ timestamp }) =>
    typeof timestamp === 'number' && timestamp > 0 ? timestamp : Infinity,
  );
  if (a !== b) return Number(a) < Number(b);
  const [mine, others] = [report, other].map(
    (one) => counter(one.packetsSent ?? one.packetsReceived, true) ?? 0,
  );
  return Number(mine) < Number(others);
}

/** The last report that names the stream; if there is none, the last of its SSRC that names no other. */
function remoteOf(id: string, report: Report, reports: ReadonlyMap<string, Report>): Report | undefined {
  const remotes = [...reports.values()].filter(({ type }) => type === 'remote-inbound-rtp').reverse();
  const namesNone = ({ localId }: Report): boolean =>
    typeof localId !== 'string' || reports.get(localId)?.type !== 'outbound-rtp';
  return (
    remotes.find(({ localId }) => localId === id) ??
    remotes.find((remote) => remote.ssrc !== undefined && remote.ssrc === report.ssrc && namesNone(remote))
  );
}

function sumSeries(series: ReadonlyMap<string, Series>): Map<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const { group, steps } of series.values()) {
    const carried = steps.filter(({ bytes, packets }) => (bytes ?? 0) !== 0 || (packets ?? 0) !== 0);
    if (carried.length === 0) continue;
    const sum = sums.get(group) ?? { bytes: 0, packets: 0, lost: 0, arrived: 0 };
    sums.set(group, sum);
    for (const cut of cutWhereCountersFall(carried)) {
      sum.bytes += lastOf(cut, 'bytes');
      sum.packets += lastOf(cut, 'packets');
      sum.lost += lastOf(cut, 'lost');
    }
  }
  return sums;
}

function cutWhereCountersFall(steps: readonly Step[]): Step[][] {
  const cuts: Step[][] = [];
  let cut: Step[] = [];
  for (const step of steps) {
    const falls = (['bytes', 'packets'] as const).some(
      (name) => step[name] !== null && step[name] < lastOf(cut, name),
    );
    if (falls) {
      cuts.push(cut);
      cut = [];
    }
    cut.push(step);
  }
  return [...cuts, cut];
}

function lastOf(steps: readonly Step[], name: keyof Step): number {
  return steps.findLast((step) => step[name] !== null)?.[name] ?? 0;
}

function counter(value: unknown, isPackets: boolean): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number) || number < 0) return null;
  return isPackets && number >= 4_294_900_000 && number < 2 ** 32 ? null : number;
}

function signed(value: unknown): number | null {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) return null;
  return number >= 4_294_900_000 && number < 2 ** 32 ? number - 2 ** 32 : number;
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value > 9e11;
}

function isReport(value: unknown): value is Report {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseOrNull(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

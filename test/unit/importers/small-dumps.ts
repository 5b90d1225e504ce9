// Writes one and the same stretch of our recorded call in the formats that the import reads: made here from
// the raw reports, by encoders of the tests' own, so that formats can be compared with each other and dumps
// can be small enough to damage.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

type Report = Record<string, unknown>;

export interface Reading {
  at: number;
  reports: Report[];
}

const LINES = gunzipSync(readFileSync(new URL('../../../recorder/demo-call.jsonl.gz', import.meta.url)))
  .toString('utf8')
  .split('\n');

const KEPT_TYPES = new Set([
  'inbound-rtp',
  'outbound-rtp',
  'remote-inbound-rtp',
  'codec',
  'transport',
  'candidate-pair',
  'local-candidate',
]);

/** Fields that the import looks at, and a few that it does not. */
const KEPT_FIELDS = new Set([
  'id',
  'type',
  'timestamp',
  'kind',
  'ssrc',
  'codecId',
  'mimeType',
  'localId',
  'remoteId',
  'trackIdentifier',
  'mediaSourceId',
  'bytesSent',
  'bytesReceived',
  'packetsSent',
  'packetsReceived',
  'packetsLost',
  'jitter',
  'frameWidth',
  'frameHeight',
  'freezeCount',
  'framesSent',
  'framesDecoded',
  'totalRoundTripTime',
  'roundTripTime',
  'roundTripTimeMeasurements',
  'selectedCandidatePairId',
  'localCandidateId',
  'nominated',
  'state',
  'candidateType',
  'protocol',
  'audioLevel',
  'totalSamplesDuration',
]);

/** Readings of one connection of the recorded call, with the reports and fields that matter. */
export function recordedReadings(connection: string, count: number): Reading[] {
  const readings: Reading[] = [];
  for (const line of LINES) {
    if (line === '' || readings.length === count) continue;
    const entry = JSON.parse(line) as { connection?: string; at: number; reports?: Report[] };
    if (entry.connection !== connection || entry.reports === undefined) continue;
    const used = new Set(
      entry.reports.flatMap(({ codecId }) => (typeof codecId === 'string' ? [codecId] : [])),
    );
    const kept = entry.reports.filter(
      (report) =>
        KEPT_TYPES.has(String(report.type)) && (report.type !== 'codec' || used.has(String(report.id))),
    );
    readings.push({
      at: entry.at,
      reports: kept.map((report) =>
        Object.fromEntries(Object.entries(report).filter(([name]) => KEPT_FIELDS.has(name))),
      ),
    });
  }
  return readings;
}

/** As Jitsi's client writes it: only what changed, the latest time as 0, every report mentioned. */
export function toRtcstats(readings: readonly Reading[], { sequenceNumbers = false } = {}): string {
  const start = (readings[0]?.at ?? 0) - 1000;
  const entries: unknown[][] = [
    [
      'connectionInfo',
      null,
      {
        url: 'https://meet.example/Planning',
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
      },
      start - 5,
    ],
    ['identity', null, { confName: 'Planning', userId: 'ada', meetingUniqueId: 'm-1' }, start - 4],
    ['create', 'PC_0', { iceServers: [] }, start],
    [
      'navigator.mediaDevices.getUserMediaOnSuccess',
      null,
      { id: 's', tracks: [{ kind: 'audio', label: 'Microphone' }] },
      start + 1,
    ],
    ['onconnectionstatechange', 'PC_0', 'connected', start + 100],
  ];
  let before = new Map<string, Report>();
  for (const { at, reports } of readings) {
    const latest = Math.max(...reports.map(({ timestamp }) => Number(timestamp)));
    const changes: Record<string, unknown> = {};
    for (const report of reports) {
      const known = before.get(String(report.id));
      const change = Object.entries(report).filter(
        ([name, value]) => name !== 'id' && known?.[name] !== value,
      );
      changes[String(report.id)] = Object.fromEntries(
        change.map(([name, value]) => [name, name === 'timestamp' && value === latest ? 0 : value]),
      );
    }
    entries.push(['getstats', 'PC_0', { ...changes, timestamp: latest }, at]);
    before = new Map(reports.map((report) => [String(report.id), report]));
  }
  return entries
    .map((entry, index) => `${JSON.stringify(sequenceNumbers ? [...entry, index + 1] : entry)}\n`)
    .join('');
}

/** As our own recorder writes it, or with the arrays of reports alone. */
export function toGetstats(readings: readonly Reading[], { bare = false } = {}): string {
  const start = (readings[0]?.at ?? 0) - 1000;
  const around = [
    { type: 'call', format: 'room-streams/getstats', room_id: 'Planning', session_id: 'm-1', room_url: null },
    { type: 'join', peer: 'ada', at: start, user_agent: null, keys: {} },
    { type: 'open', peer: 'ada', connection: 'PC_0', at: start },
    { type: 'state', peer: 'ada', connection: 'PC_0', state: 'connected', at: start + 100 },
  ];
  const lines = readings.map(({ at, reports }) =>
    bare ? reports : { peer: 'ada', connection: 'PC_0', at, reports },
  );
  return [...(bare ? [] : around), ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
}

/** As chrome://webrtc-internals saves it; without types and times as Chrome did before 2023. */
export function toInternals(readings: readonly Reading[], { old = false } = {}): string {
  const stats: Record<string, { startTime: string; endTime: string; statsType?: string; values: string }> =
    {};
  const iso = (at: number): string => new Date(at).toISOString();
  const columns = new Map<string, { type: string; first: number; last: number; values: unknown[] }>();
  for (const { at, reports } of readings) {
    for (const { id, type, ...fields } of reports) {
      for (const [name, value] of Object.entries(fields)) {
        if (old && name === 'timestamp') continue;
        const key = `${old ? oldId(String(type), String(id), String(fields.kind)) : String(id)}-${name}`;
        const column = columns.get(key) ?? { type: String(type), first: at, last: at, values: [] };
        column.last = at;
        column.values.push(value);
        columns.set(key, column);
      }
    }
  }
  for (const [key, { type, first, last, values }] of columns) {
    stats[key] = {
      startTime: iso(first),
      endTime: iso(last),
      ...(old ? {} : { statsType: type }),
      values: JSON.stringify(values),
    };
  }
  const start = (readings[0]?.at ?? 0) - 1000;
  const updateLog = [
    { time: iso(start), type: 'create', value: '' },
    { time: iso(start + 100), type: 'connectionstatechange', value: '"connected"' },
  ];
  const connection = {
    pid: 1,
    rtcConfiguration: '{}',
    url: 'https://meet.example/Planning',
    stats,
    updateLog,
  };
  return JSON.stringify(
    { getUserMedia: [], PeerConnections: { '7-1': connection }, UserAgent: 'Mozilla/5.0' },
    null,
    1,
  );
}

function oldId(type: string, id: string, kind: string): string {
  const medium = kind === 'audio' ? 'Audio' : 'Video';
  if (type === 'inbound-rtp') return `RTCInboundRTP${medium}Stream_${id}`;
  if (type === 'outbound-rtp') return `RTCOutboundRTP${medium}Stream_${id}`;
  if (type === 'remote-inbound-rtp') return `RTCRemoteInboundRtp${medium}Stream_${id}`;
  if (type === 'candidate-pair') return `RTCIceCandidatePair_${id}`;
  if (type === 'local-candidate') return `RTCIceCandidate_${id}`;
  return type === 'codec' ? `RTCCodec_${id}` : `RTCTransport_${id}`;
}

// From the reports of a connection to readings of its RTP streams, whatever browser wrote them: today's standard names,
// the first standard ones (frame sizes in track reports, far ends marked isRemote) and old Chrome's ssrc reports.
import { FieldReader, readText } from './read-value.ts';
import type { FieldProblem, Fields } from './read-value.ts';
import type { KeptReport, ReportStore } from './report-store.ts';
import type { Media, RemoteReading, StreamReading } from './stream-reading.ts';

const NOTHING_REMOTE: RemoteReading = {
  arrivedAtMs: null,
  lost: null,
  packets: null,
  jitterUs: null,
  rttUs: null,
  rttTotalUs: null,
  rttCount: null,
};

/** Readings of every stream that exists as of the present call; streams that never carried a packet are left out (probes). */
export function readStreams(store: ReportStore, takenAtMs: number, problem: FieldProblem): StreamReading[] {
  const read = new FieldReader(problem);
  const readings: (StreamReading | null)[] = [];
  for (const report of store.each('inbound-rtp')) {
    if (!isRemote(report.fields)) readings.push(readReceived(read, store, report));
  }
  const remotes = remotesBySource(store);
  for (const report of store.each('outbound-rtp')) {
    if (!isRemote(report.fields)) readings.push(readSent(read, store, report, { remotes, takenAtMs }));
  }
  for (const report of store.each('ssrc')) readings.push(readOldChrome(read, report));
  return readings.filter((reading) => reading !== null).filter((reading) => !isEmpty(reading));
}

function isEmpty(reading: StreamReading): boolean {
  return (reading.packets ?? 0) === 0 && (reading.bytes ?? 0) === 0;
}

function readReceived(
  read: FieldReader,
  store: ReportStore,
  { id, fields }: KeptReport,
): StreamReading | null {
  const media = readMedia(fields, id);
  if (media === null) return null;
  const track = store.get('track', fields.trackId);
  const sized = fields.frameWidth === undefined && track !== null ? track : fields;
  return {
    key: streamKey(id, fields),
    media,
    direction: 'recv',
    track: readText(fields.trackIdentifier) ?? readText(fields.trackId) ?? id,
    bytes: read.counter(fields, 'bytesReceived'),
    packets: read.packets(fields, 'packetsReceived'),
    lost: read.lost(fields, 'packetsLost'),
    jitterUs: read.secondsAsUs(fields, 'jitter'),
    ...readSize(read, media, sized),
    frames:
      media === 'audio'
        ? null
        : (read.counter(fields, 'framesDecoded') ?? readOfTrack(read, track, 'framesDecoded')),
    freezes:
      media === 'audio'
        ? null
        : (read.counter(fields, 'freezeCount') ?? readOfTrack(read, track, 'freezeCount')),
    codec: readCodec(store, fields),
    remote: null,
    ageMs: readAge(read, fields, media === 'audio' ? 'totalSamplesDuration' : 'totalInterFrameDelay'),
  };
}

function readSent(
  read: FieldReader,
  store: ReportStore,
  { id, fields }: KeptReport,
  { remotes, takenAtMs }: { remotes: Map<string, Fields>; takenAtMs: number },
): StreamReading | null {
  const media = readMedia(fields, id);
  if (media === null) return null;
  const track = store.get('track', fields.trackId);
  const sized = fields.frameWidth === undefined && track !== null ? track : fields;
  const remote = remotes.get(id) ?? remotes.get(`ssrc ${readText(fields.ssrc) ?? ''}`) ?? null;
  return {
    key: streamKey(id, fields),
    media,
    direction: 'send',
    track: readText(fields.mediaSourceId) ?? readText(fields.trackId) ?? readText(fields.mid) ?? id,
    bytes: read.counter(fields, 'bytesSent'),
    packets: read.packets(fields, 'packetsSent'),
    lost: null,
    jitterUs: null,
    ...readSize(read, media, sized),
    frames:
      media === 'audio'
        ? null
        : (read.counter(fields, 'framesSent') ??
          read.counter(fields, 'framesEncoded') ??
          readOfTrack(read, track, 'framesSent')),
    freezes: null,
    codec: readCodec(store, fields),
    remote: remote === null ? null : readRemote(read, remote, takenAtMs),
    ageMs: null,
  };
}

/** The far end's reports by the id of the stream they name, or by SSRC where they name none that exists. */
function remotesBySource(store: ReportStore): Map<string, Fields> {
  const remotes = new Map<string, Fields>();
  const note = ({ fields }: KeptReport): void => {
    const named = readText(fields.localId) ?? readText(fields.remoteId);
    const ssrc = readText(fields.ssrc);
    if (named !== null && store.get('outbound-rtp', named) !== null) remotes.set(named, fields);
    else if (ssrc !== null) remotes.set(`ssrc ${ssrc}`, fields);
  };
  for (const report of store.each('remote-inbound-rtp')) note(report);
  for (const report of store.each('inbound-rtp')) if (isRemote(report.fields)) note(report);
  return remotes;
}

function readRemote(read: FieldReader, fields: Fields, takenAtMs: number): RemoteReading {
  const stamp = read.number(fields, 'timestamp');
  // Firefox before 79 marked the far end's reports isRemote and gave the round trip in milliseconds.
  const rttUs = isRemote(fields)
    ? (read.msAsUs(fields, 'roundTripTime') ?? read.msAsUs(fields, 'mozRtt'))
    : read.secondsAsUs(fields, 'roundTripTime');
  const rttTotalUs = read.secondsAsUs(fields, 'totalRoundTripTime');
  const rttCount = read.counter(fields, 'roundTripTimeMeasurements');
  const counted = rttTotalUs !== null && rttCount !== null;
  return {
    arrivedAtMs: stamp === null || stamp <= 0 || Math.abs(stamp - takenAtMs) < 1 ? null : stamp,
    lost: read.lost(fields, 'packetsLost'),
    packets: read.packets(fields, 'packetsReceived'),
    jitterUs: read.secondsAsUs(fields, 'jitter'),
    rttUs,
    rttTotalUs: counted ? rttTotalUs : null,
    rttCount: counted ? rttCount : null,
  };
}

/** Chrome's own reports before the standard: `ssrc_<n>_recv`, `ssrc_<n>_send`, every value as text. */
function readOldChrome(read: FieldReader, { id, fields }: KeptReport): StreamReading | null {
  const media = readMedia(fields, id);
  const sent = id.endsWith('_send') || (!id.endsWith('_recv') && fields.bytesSent !== undefined);
  if (media === null) return null;
  const way = sent ? 'Sent' : 'Received';
  const lost = read.lost(fields, 'packetsLost');
  // −1: the far end has said nothing yet.
  const known = lost !== null && lost >= 0;
  const jitterUs = read.msAsUs(fields, 'googJitterReceived');
  return {
    key: streamKey(id, fields),
    media,
    direction: sent ? 'send' : 'recv',
    track: readText(fields.googTrackId) ?? id,
    bytes: read.counter(fields, `bytes${way}`),
    packets: read.packets(fields, `packets${way}`),
    lost: sent ? null : lost,
    jitterUs: sent ? null : jitterUs,
    width: media === 'audio' ? null : read.counter(fields, `googFrameWidth${way}`),
    height: media === 'audio' ? null : read.counter(fields, `googFrameHeight${way}`),
    frames: media === 'audio' ? null : read.counter(fields, sent ? 'framesEncoded' : 'framesDecoded'),
    freezes: null,
    codec: readText(fields.googCodecName),
    remote:
      sent && known ? { ...NOTHING_REMOTE, lost, jitterUs, rttUs: read.msAsUs(fields, 'googRtt') } : null,
    ageMs: null,
  };
}

function isRemote(fields: Fields): boolean {
  return fields.isRemote === true || fields.isRemote === 'true';
}

function streamKey(id: string, fields: Fields): string {
  return `${id} ${readText(fields.ssrc) ?? ''}`;
}

/** From the report, or from ids such as `RTCInboundRTPAudioStream_1` and `IT01V2`, where the report was written without. */
function readMedia(fields: Fields, id: string): Media | null {
  const said = fields.kind ?? fields.mediaType;
  if (said === 'audio' || said === 'video') return said;
  if (said !== undefined) return null;
  if (/audio/i.test(id)) return 'audio';
  if (/video/i.test(id)) return 'video';
  if (fields.googFrameWidthReceived !== undefined || fields.googFrameWidthSent !== undefined) return 'video';
  return fields.audioInputLevel !== undefined || fields.audioOutputLevel !== undefined ? 'audio' : null;
}

function readSize(
  read: FieldReader,
  media: Media,
  fields: Fields,
): { width: number | null; height: number | null } {
  if (media === 'audio') return { width: null, height: null };
  return { width: read.counter(fields, 'frameWidth'), height: read.counter(fields, 'frameHeight') };
}

function readOfTrack(read: FieldReader, track: Fields | null, name: string): number | null {
  return track === null ? null : read.counter(track, name);
}

function readCodec(store: ReportStore, fields: Fields): string | null {
  const mime = readText(store.get('codec', fields.codecId)?.mimeType);
  return mime === null ? readText(fields.googCodecName) : mime.slice(mime.indexOf('/') + 1);
}

/** Null also for what cannot be an age: a stream that has run for longer than a day is taken as one of unknown age. */
function readAge(read: FieldReader, fields: Fields, name: string): number | null {
  const seconds = read.number(fields, name);
  return seconds === null || seconds <= 0 || seconds > AGE_S_MAX ? null : Math.round(seconds * 1000);
}

const AGE_S_MAX = 24 * 3600;

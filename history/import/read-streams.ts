// From the reports of a connection to readings of its RTP streams, whatever browser wrote them: today's standard names,
// the first standard ones (frame sizes in track reports, far ends marked isRemote) and old Chrome's ssrc reports.
import {
  InvalidField,
  readCounter,
  readLost,
  readMsAsUs,
  readNumber,
  readPacketCounter,
  readSecondsAsUs,
  readText,
} from './read-value.ts';
import type { Fields } from './read-value.ts';
import type { KeptReport, ReportStore } from './report-store.ts';
import type { Media, RemoteReading, StreamReading } from './stream-reading.ts';

/** A report that could not be used, told once per call. */
export type ReportProblem = (problem: InvalidField) => void;

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
export function readStreams(store: ReportStore, takenAtMs: number, problem: ReportProblem): StreamReading[] {
  const readings: StreamReading[] = [];
  const add = (read: () => StreamReading | null): void => {
    try {
      const reading = read();
      if (reading !== null && !isEmpty(reading)) readings.push(reading);
    } catch (error) {
      if (!(error instanceof InvalidField)) throw error;
      problem(error);
    }
  };
  for (const report of store.each('inbound-rtp')) {
    if (!isRemote(report.fields)) add(() => readReceived(store, report));
  }
  const remotes = remotesBySource(store);
  for (const report of store.each('outbound-rtp')) {
    if (!isRemote(report.fields)) add(() => readSent(store, report, remotes, takenAtMs));
  }
  for (const report of store.each('ssrc')) add(() => readOldChrome(report));
  return readings;
}

function isEmpty(reading: StreamReading): boolean {
  return (reading.packets ?? 0) === 0 && (reading.bytes ?? 0) === 0;
}

function readReceived(store: ReportStore, { id, fields }: KeptReport): StreamReading | null {
  const media = readMedia(fields, id);
  if (media === null) return null;
  const track = store.get('track', fields.trackId);
  const sized = fields.frameWidth === undefined && track !== null ? track : fields;
  return {
    key: streamKey(id, fields),
    media,
    direction: 'recv',
    track: readText(fields.trackIdentifier) ?? readText(fields.trackId) ?? id,
    bytes: readCounter(fields, 'bytesReceived'),
    packets: readPacketCounter(fields, 'packetsReceived'),
    lost: readLost(fields, 'packetsLost'),
    jitterUs: readSecondsAsUs(fields, 'jitter'),
    ...readSize(media, sized),
    frames:
      media === 'audio'
        ? null
        : (readFrames(fields, 'framesDecoded') ?? readTrackFrames(track, 'framesDecoded')),
    freezes:
      media === 'audio' ? null : (readFrames(fields, 'freezeCount') ?? readTrackFrames(track, 'freezeCount')),
    codec: readCodec(store, fields),
    remote: null,
    ageMs: readAge(fields, media === 'audio' ? 'totalSamplesDuration' : 'totalInterFrameDelay'),
  };
}

function readSent(
  store: ReportStore,
  { id, fields }: KeptReport,
  remotes: Map<string, Fields>,
  takenAtMs: number,
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
    bytes: readCounter(fields, 'bytesSent'),
    packets: readPacketCounter(fields, 'packetsSent'),
    lost: null,
    jitterUs: null,
    ...readSize(media, sized),
    frames:
      media === 'audio'
        ? null
        : (readFrames(fields, 'framesSent') ??
          readFrames(fields, 'framesEncoded') ??
          readTrackFrames(track, 'framesSent')),
    freezes: null,
    codec: readCodec(store, fields),
    remote: remote === null ? null : readRemote(remote, takenAtMs),
    ageMs: null,
  };
}

/** The far end's reports by the id and by the SSRC of the stream they are about. */
function remotesBySource(store: ReportStore): Map<string, Fields> {
  const remotes = new Map<string, Fields>();
  const note = ({ fields }: KeptReport): void => {
    const localId = readText(fields.localId) ?? readText(fields.remoteId);
    if (localId !== null) remotes.set(localId, fields);
    const ssrc = readText(fields.ssrc);
    if (ssrc !== null) remotes.set(`ssrc ${ssrc}`, fields);
  };
  for (const report of store.each('remote-inbound-rtp')) note(report);
  for (const report of store.each('inbound-rtp')) if (isRemote(report.fields)) note(report);
  return remotes;
}

function readRemote(fields: Fields, takenAtMs: number): RemoteReading {
  const stamp = readNumber(fields, 'timestamp');
  // Firefox before 79 marked the far end's reports isRemote and gave the round trip in milliseconds.
  const rttUs = isRemote(fields)
    ? (readMsAsUs(fields, 'roundTripTime') ?? readMsAsUs(fields, 'mozRtt'))
    : readSecondsAsUs(fields, 'roundTripTime');
  const rttTotalUs = readSecondsAsUs(fields, 'totalRoundTripTime');
  const rttCount = readCounter(fields, 'roundTripTimeMeasurements');
  const counted = rttTotalUs !== null && rttCount !== null;
  return {
    arrivedAtMs: stamp === null || stamp <= 0 || Math.abs(stamp - takenAtMs) < 1 ? null : stamp,
    lost: readLost(fields, 'packetsLost'),
    packets: readPacketCounter(fields, 'packetsReceived'),
    jitterUs: readSecondsAsUs(fields, 'jitter'),
    rttUs,
    rttTotalUs: counted ? rttTotalUs : null,
    rttCount: counted ? rttCount : null,
  };
}

/** Chrome's own reports before the standard: `ssrc_<n>_recv`, `ssrc_<n>_send`, every value as text. */
function readOldChrome({ id, fields }: KeptReport): StreamReading | null {
  const media = readMedia(fields, id);
  const sent = id.endsWith('_send') || (!id.endsWith('_recv') && fields.bytesSent !== undefined);
  if (media === null) return null;
  const way = sent ? 'Sent' : 'Received';
  const lost = readLost(fields, 'packetsLost');
  // −1: the far end has said nothing yet.
  const known = lost !== null && lost >= 0;
  const jitterUs = readMsAsUs(fields, 'googJitterReceived');
  return {
    key: streamKey(id, fields),
    media,
    direction: sent ? 'send' : 'recv',
    track: readText(fields.googTrackId) ?? id,
    bytes: readCounter(fields, `bytes${way}`),
    packets: readPacketCounter(fields, `packets${way}`),
    lost: sent ? null : lost,
    jitterUs: sent ? null : jitterUs,
    width: media === 'audio' ? null : readCounter(fields, `googFrameWidth${way}`),
    height: media === 'audio' ? null : readCounter(fields, `googFrameHeight${way}`),
    frames: media === 'audio' ? null : readFrames(fields, sent ? 'framesEncoded' : 'framesDecoded'),
    freezes: null,
    codec: readText(fields.googCodecName),
    remote:
      sent && known ? { ...NOTHING_REMOTE, lost, jitterUs, rttUs: readMsAsUs(fields, 'googRtt') } : null,
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

function readSize(media: Media, fields: Fields): { width: number | null; height: number | null } {
  if (media === 'audio') return { width: null, height: null };
  return { width: readCounter(fields, 'frameWidth'), height: readCounter(fields, 'frameHeight') };
}

function readFrames(fields: Fields, name: string): number | null {
  return readCounter(fields, name);
}

function readTrackFrames(track: Fields | null, name: string): number | null {
  return track === null ? null : readCounter(track, name);
}

function readCodec(store: ReportStore, fields: Fields): string | null {
  const mime = readText(store.get('codec', fields.codecId)?.mimeType);
  return mime === null ? readText(fields.googCodecName) : mime.slice(mime.indexOf('/') + 1);
}

function readAge(fields: Fields, name: string): number | null {
  const seconds = readNumber(fields, name);
  return seconds === null || seconds <= 0 ? null : Math.round(seconds * 1000);
}

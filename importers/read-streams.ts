// From the reports of a connection to readings of its RTP streams, whatever browser wrote them: today's
// standard names, the first standard ones (frame sizes in track reports, far ends marked isRemote) and old
// Chrome's ssrc reports.
import { readCodec } from './codec-clock.ts';
import type { Codec } from './codec-clock.ts';
import { readCallTime } from './formats/call-time.ts';
import { FieldReader, readText } from './read-value.ts';
import type { FieldProblem, Fields } from './read-value.ts';
import type { KeptReport, ReportStore } from './report-store.ts';
import { assignTracks, UNKNOWN_SOURCE } from './sent-pictures.ts';
import { UniqueStreams } from './unique-streams.ts';
import type { Direction, Media, RemoteReading, StreamReading } from './stream-reading.ts';

const NOTHING_REMOTE: RemoteReading = {
  arrivedAtMs: null,
  lost: null,
  packets: null,
  jitterUs: null,
  rttUs: null,
  rttTotalUs: null,
  rttCount: null,
};

/**
 * Mediasoup names the stream with which it probes for bandwidth so: it carries padding, also where the
 * browser counts it as payload.
 */
const PROBE_MID = 'probator';

/** Readings of every stream that exists as of the present call, each once; streams that never carried payload are left out (probes), unless
 * they run beside others of their kind: then their packets are among those that the browser counts. */
export function readStreams(store: ReportStore, takenAtMs: number, problem: FieldProblem): StreamReading[] {
  const read = new FieldReader(problem);
  const streams = new UniqueStreams();
  for (const report of store.each('inbound-rtp')) {
    if (!isRemote(report.fields)) streams.add(readReceived(read, store, report), report);
  }
  const remotes = remotesBySource(store);
  for (const report of store.each('outbound-rtp')) {
    if (!isRemote(report.fields)) streams.add(readSent(read, store, report, { remotes, takenAtMs }), report);
  }
  for (const report of store.each('ssrc')) streams.addOldForm(readOldChrome(read, report), report);
  const readings = withoutProbes(streams.all());
  const unknown = readings.filter(({ track }) => track === UNKNOWN_SOURCE);
  if (unknown.length > 0) assignTracks(unknown, videoSources(store));
  return readings;
}

function withoutProbes(readings: readonly StreamReading[]): StreamReading[] {
  const carrying = readings.filter((reading) => !isEmpty(reading) && !isPadding(reading));
  if (carrying.length === readings.length) return carrying;
  const kinds = new Set(carrying.map(kindOf));
  return readings.filter(
    (reading) => !isEmpty(reading) && (!isPadding(reading) || kinds.has(kindOf(reading))),
  );
}

function kindOf({ media, direction }: StreamReading): string {
  return `${media} ${direction}`;
}

function isEmpty({ bytes, packets }: StreamReading): boolean {
  return (bytes ?? 0) === 0 && (packets ?? 0) === 0;
}

/** Packets without payload, unless the browser does not count bytes at all. */
function isPadding({ bytes, packets, frames }: StreamReading): boolean {
  return bytes === 0 && (packets ?? 0) > 0 && (frames ?? 0) === 0;
}

function videoSources(store: ReportStore): Fields[] {
  const sources: Fields[] = [];
  for (const { fields } of store.each('media-source')) if (fields.kind === 'video') sources.push(fields);
  return sources;
}

function readReceived(
  read: FieldReader,
  store: ReportStore,
  { id, fields }: KeptReport,
): StreamReading | null {
  const media = readMedia(fields, id);
  if (media === null || fields.mid === PROBE_MID) return null;
  const track = store.get('track', fields.trackId);
  const sized = fields.frameWidth === undefined && track !== null ? track : fields;
  const codec = readCodec(store, fields, media);
  return {
    key: streamKey('recv', id, fields),
    media,
    direction: 'recv',
    track: readText(fields.trackIdentifier) ?? readText(fields.trackId) ?? id,
    isOff: false,
    bytes: read.counter(fields, 'bytesReceived'),
    packets: read.packets(fields, 'packetsReceived'),
    lost: read.lost(fields, 'packetsLost'),
    jitterUs: read.jitterAsUs(fields, 'jitter', codec.clockRate),
    ...readSize(read, media, sized),
    frames:
      media === 'audio'
        ? null
        : (read.counter(fields, 'framesDecoded') ?? readOfTrack(read, track, 'framesDecoded')),
    freezes:
      media === 'audio'
        ? null
        : (read.counter(fields, 'freezeCount') ?? readOfTrack(read, track, 'freezeCount')),
    codec: codec.name,
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
  const codec = readCodec(store, fields, media);
  return {
    key: streamKey('send', id, fields),
    media,
    direction: 'send',
    track:
      readText(fields.mediaSourceId) ?? readText(fields.trackId) ?? readText(fields.mid) ?? UNKNOWN_SOURCE,
    isOff: fields.active === false,
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
    codec: codec.name,
    remote: remote === null ? null : readRemote(read, remote, { stream: fields, codec, takenAtMs }),
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

function readRemote(
  read: FieldReader,
  fields: Fields,
  { stream, codec, takenAtMs }: { stream: Fields; codec: Codec; takenAtMs: number },
): RemoteReading {
  const stamp = readCallTime(fields.timestamp) ?? read.number(fields, 'timestamp');
  const isOfTheCall =
    stamp === null ||
    stamp <= 0 ||
    Math.abs(stamp - takenAtMs) < 1 ||
    // Where times are not counted from 1970, the stream's own report bears the time of the call.
    fields.timestamp === stream.timestamp;
  const counted = read.roundTrips(fields);
  // Firefox before 79 marked the far end's reports isRemote and gave the round trip in milliseconds.
  const rttUs = isRemote(fields)
    ? (read.msAsUs(fields, 'roundTripTime') ?? read.msAsUs(fields, 'mozRtt'))
    : read.roundTripAsUs(fields, 'roundTripTime');
  return {
    arrivedAtMs: isOfTheCall ? null : stamp,
    lost: read.lost(fields, 'packetsLost'),
    packets: read.packets(fields, 'packetsReceived'),
    jitterUs: read.jitterAsUs(fields, 'jitter', codec.clockRate),
    // Browsers that do not count their measurements write 0 until there is one.
    rttUs: rttUs === 0 && counted === null ? null : rttUs,
    rttTotalUs: counted?.totalUs ?? null,
    rttCount: counted?.count ?? null,
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
  const direction = sent ? 'send' : 'recv';
  return {
    key: streamKey(direction, id, fields),
    media,
    direction,
    track: readText(fields.googTrackId) ?? id,
    isOff: false,
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

/** Old Chrome wrote the SSRC into the report's id. */
const OLD_CHROME_ID = /^ssrc_(\d+)_(?:send|recv)$/;

/** Of SSRC 0 there may be several: it means one that is not known yet. */
function streamKey(direction: Direction, id: string, fields: Fields): string {
  const ssrc = readText(fields.ssrc) ?? OLD_CHROME_ID.exec(id)?.[1] ?? null;
  return ssrc === null || ssrc === '0' ? `${direction} id ${id}` : `${direction} ${ssrc}`;
}

/**
 * From the report, or from ids such as `RTCInboundRTPAudioStream_1` and `IT01V2`, where the report was
 * written without.
 */
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

/**
 * Null also for what cannot be an age: a stream that has run for longer than a day is taken as one of unknown
 * age.
 */
function readAge(read: FieldReader, fields: Fields, name: string): number | null {
  const seconds = read.number(fields, name);
  return seconds === null || seconds <= 0 || seconds > AGE_S_MAX ? null : Math.round(seconds * 1000);
}

const AGE_S_MAX = 24 * 3600;

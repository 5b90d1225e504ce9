// The codec of a stream and the clock of its RTP timestamps, from the codec report that the stream names, or
// from what is fixed anyway.
import { readText } from './read-value.ts';
import type { Fields } from './read-value.ts';
import type { ReportStore } from './report-store.ts';
import type { Media } from './stream-reading.ts';

export interface Codec {
  /** Without `audio/` or `video/`; null where the browser does not say. */
  name: string | null;
  /** Units in a second; null where it is not known. */
  clockRate: number | null;
}

/** Every RTP payload format for video that browsers speak counts in this clock (RFC 3551, 6184, 7741, …). */
const VIDEO_CLOCK_RATE = 90_000;
/** Fixed by the payload formats (RFC 3551, 7587), also where the report names no rate. */
const AUDIO_CLOCK_RATES: Readonly<Record<string, number>> = {
  opus: 48_000,
  red: 48_000,
  pcmu: 8000,
  pcma: 8000,
  g722: 8000,
  ilbc: 8000,
};
const CLOCK_RATE_MAX = 1_000_000;

export function readCodec(store: ReportStore, fields: Fields, media: Media): Codec {
  const report = store.get('codec', fields.codecId);
  const mime = readText(report?.mimeType);
  const name = mime === null ? readText(fields.googCodecName) : mime.slice(mime.indexOf('/') + 1);
  return { name, clockRate: said(report?.clockRate) ?? fixed(name, media) };
}

function said(value: unknown): number | null {
  const rate = typeof value === 'string' ? Number(value) : value;
  return typeof rate === 'number' && rate >= 1 && rate <= CLOCK_RATE_MAX ? rate : null;
}

function fixed(name: string | null, media: Media): number | null {
  if (media === 'video') return VIDEO_CLOCK_RATE;
  const lower = name?.toLowerCase() ?? '';
  return Object.hasOwn(AUDIO_CLOCK_RATES, lower) ? (AUDIO_CLOCK_RATES[lower] ?? null) : null;
}

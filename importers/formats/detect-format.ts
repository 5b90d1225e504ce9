// Tells a dump's format from how it begins, never from its name.
import { isFields } from '../read-value.ts';
import type { FormatName } from './format-reader.ts';
import { elementOf } from './read-lines.ts';

/** Bytes from the start that mostly decide. */
export const DETECT_BYTES = 256 * 1024;
/** Where the first line is longer, as one getStats call of a large conference is, this many. */
export const DETECT_BYTES_MAX = 16 * 1024 * 1024;

/** The format of a file that begins like this, or null if it cannot be told to be one of the three. */
export function detectFormat(beginning: Buffer, isWhole: boolean): FormatName | null {
  const text = beginning.toString('utf8').replace(/^\uFEFF/, '');
  if (text.startsWith('RTCStatsDump')) return 'rtcstats';
  const lines = text.split('\n');
  // The last line may be cut off.
  for (const line of isWhole ? lines : lines.slice(0, -1)) {
    const format = formatOfLine(line);
    if (format !== null) return format;
  }
  if (!/^\s*\{/.test(text)) return null;
  // An object on one line that is longer than the beginning.
  if (lines.length === 1 && /"peerConnections"\s*:\s*\{/.test(text)) return 'rtcstats';
  return /"(PeerConnections|getUserMedia|UserAgent)"\s*:/.test(text) ? 'webrtc-internals' : null;
}

function formatOfLine(line: string): FormatName | null {
  const element = elementOf(line);
  if (element === null || !/^[[{]/.test(element)) return null;
  let value: unknown;
  try {
    value = JSON.parse(element);
  } catch {
    return null;
  }
  if (Array.isArray(value)) return formatOfArray(value as unknown[]);
  if (!isFields(value)) return null;
  if (value.PeerConnections !== undefined) return 'webrtc-internals';
  if (value.reports !== undefined || value.type === 'call' || Object.values(value).some(isReport))
    return 'getstats';
  const isHeader = ['userAgent', 'clientProtocol', 'path'].some((name) => value[name] !== undefined);
  return isHeader || isFields(value.peerConnections) || isEvent(value['0'], value['1']) ? 'rtcstats' : null;
}

function formatOfArray(line: readonly unknown[]): FormatName | null {
  const [first] = line;
  if (isReport(first)) return 'getstats';
  if (Array.isArray(first)) {
    // A pair of id and report, or the first of several calls.
    const [one, two] = first as unknown[];
    return isReport(two) || isReport(one) || (Array.isArray(one) && isReport((one as unknown[])[1]))
      ? 'getstats'
      : null;
  }
  if (isFields(first) && (first.reports !== undefined || Object.values(first).some(isReport)))
    return 'getstats';
  return line.length >= 3 && isEvent(first, line[1]) ? 'rtcstats' : null;
}

function isEvent(name: unknown, connection: unknown): boolean {
  return (
    (typeof name === 'string' || typeof name === 'number') &&
    (connection === null || typeof connection === 'string')
  );
}

function isReport(value: unknown): boolean {
  return isFields(value) && typeof value.type === 'string' && value.timestamp !== undefined;
}

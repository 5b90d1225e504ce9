// What a file seems to be that is none of the formats, and what can be done about it: people have packet
// captures, saved pages and archives beside their dumps, and dumps in forms that other tools wrote. The form
// is known by how the file begins.

interface KnownForm {
  seems: string;
  matches: (bytes: Buffer, text: string) => boolean;
}

/** Magic numbers of the formats' own descriptions. */
const BINARY: readonly (readonly [string, string])[] = [
  ['d4c3b2a1', 'a packet capture (pcap): it holds packets, not the browser’s statistics'],
  ['a1b2c3d4', 'a packet capture (pcap): it holds packets, not the browser’s statistics'],
  ['0a0d0d0a', 'a packet capture (pcapng): it holds packets, not the browser’s statistics'],
  ['504b0304', 'a zip archive: unpack it and import what is in it'],
  ['377abcaf', 'a 7z archive: unpack it and import what is in it'],
  ['fd377a58', 'packed by xz: unpack it, or pack it with gzip or zstd'],
  ['425a68', 'packed by bzip2: unpack it, or pack it with gzip or zstd'],
  ['1f8b', 'packed by gzip twice: unpack it once'],
  ['28b52ffd', 'packed by zstd twice: unpack it once'],
  ['fffe', 'text in UTF-16: save it as UTF-8'],
  ['feff', 'text in UTF-16: save it as UTF-8'],
  ['53514c69746520', 'an SQLite database'],
  ['255044462d', 'a PDF document'],
];

const FORMS: readonly KnownForm[] = [
  {
    seems: 'a tar archive: unpack it and import what is in it',
    matches: (bytes) => bytes.subarray(257, 262).toString('latin1') === 'ustar',
  },
  {
    seems:
      'a saved about:webrtc page of Firefox: it holds the last values only; record getStats calls over time instead',
    matches: (_bytes, text) => /<(!doctype|html)/i.test(text) && /about:?webrtc|aboutWebrtc/i.test(text),
  },
  {
    seems: 'a web page (HTML): save the dump itself, not the page that shows it',
    matches: (_bytes, text) => /^\s*<(!doctype|html|head|body)/i.test(text),
  },
  {
    seems: 'an HTTP archive (HAR): it holds requests, not the statistics of a call',
    matches: (_bytes, text) => /^\s*\{\s*"log"\s*:\s*\{/.test(text),
  },
  {
    seems: 'a session description (SDP): it holds no statistics',
    matches: (_bytes, text) => /^v=0\r?\no=/.test(text),
  },
  {
    seems:
      'a dump of the first rtcstats server (peerConnections) over several lines: write it in one line, as `jq -c .` does',
    matches: (_bytes, text) => /^\s*\{/.test(text) && /"peerConnections"\s*:/.test(text),
  },
  {
    seems: 'getStats reports in one JSON text over several lines: write one call a line, as `jq -c .[]` does',
    matches: (_bytes, text) =>
      /^\s*[[{]/.test(text) &&
      /"(?:type)"\s*:\s*"(?:inbound-rtp|outbound-rtp|candidate-pair|transport|codec|remote-inbound-rtp|media-source)"/.test(
        text,
      ),
  },
  {
    seems: 'a table (CSV) of statistics: write getStats calls as JSON, one a line',
    matches: (_bytes, text) =>
      /^[^\n{[<]*[,;\t][^\n]*\n/.test(text) &&
      /\b(bytes|packets)(Sent|Received)\b|\bssrc\b/i.test(text.slice(0, text.indexOf('\n'))),
  },
  {
    seems: 'a log of the browser: it holds messages, not statistics',
    matches: (_bytes, text) => /^\[\d+:\d+:\d{4}\/\d{6}/.test(text),
  },
];

/** How many bytes of the beginning are looked at. */
const BYTES_MAX = 64 * 1024;
/** So many of a JSON object's keys are shown. */
const KEYS_MAX = 5;

/** @returns a phrase that goes on after "it seems to be", or null where nothing can be said */
export function describeUnknown(beginning: Buffer): string | null {
  const bytes = beginning.subarray(0, BYTES_MAX);
  if (bytes.length === 0) return 'an empty file';
  const hex = bytes.subarray(0, 8).toString('hex');
  const magic = BINARY.find(([prefix]) => hex.startsWith(prefix));
  if (magic !== undefined) return magic[1];
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const form = FORMS.find(({ matches }) => matches(bytes, text));
  return form?.seems ?? describeJson(text);
}

/** The keys of a JSON object tell the one who knows the recorder what it is. */
function describeJson(text: string): string | null {
  const line = text.trimStart().split('\n', 1)[0] ?? '';
  for (const candidate of [text, line]) {
    try {
      const value: unknown = JSON.parse(candidate);
      if (Array.isArray(value)) return 'a JSON array that holds neither events nor getStats reports';
      if (typeof value !== 'object' || value === null) return null;
      const keys = Object.keys(value)
        .slice(0, KEYS_MAX)
        .map((key) => JSON.stringify(key.slice(0, 40)));
      return keys.length === 0
        ? 'an empty JSON object'
        : `JSON of another recorder, with the keys ${keys.join(', ')}`;
    } catch {
      // Not this much of it.
    }
  }
  return null;
}

// What a recording of ours says of itself: Chromium's own counters when each connection was closed. Shared by
// the tests that hold the import against them.
import { gunzipSync } from 'node:zlib';
import type { RecordedLine } from '../../../recorder/record-format.ts';

export interface FinalCounter {
  peer: string;
  connection: string;
  media: string;
  direction: 'send' | 'recv';
  counters: Counters;
}

export interface Counters {
  bytes: number;
  packets: number;
  lost: number;
}

/** Payload type of RTX in the recordings: the one whose streams Chromium does not list as inbound. */
export const RETRANSMISSION = 97;

export function linesOf(recording: Buffer): RecordedLine[] {
  const text = gunzipSync(recording).toString('utf8');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordedLine);
}

/** From the last reading of each connection; losses of what was sent as the far end last reported them. */
export function finalCounters(lines: readonly RecordedLine[]): FinalCounter[] {
  return lines.flatMap((line) => {
    if (!('final' in line)) return [];
    const { peer, connection, reports } = line;
    return reports
      .filter(({ type }) => type === 'outbound-rtp' || type === 'inbound-rtp')
      .map((report): FinalCounter => {
        const isSent = report.type === 'outbound-rtp';
        const way = isSent ? 'Sent' : 'Received';
        const remote = reports.find(
          ({ type, localId }) => type === 'remote-inbound-rtp' && localId === report.id,
        );
        const lost = isSent ? (remote?.packetsLost ?? 0) : report.packetsLost;
        return {
          peer,
          connection,
          media: String(report.kind),
          direction: isSent ? 'send' : 'recv',
          counters: {
            bytes: Number(report[`bytes${way}`]),
            packets: Number(report[`packets${way}`]),
            lost: Number(lost),
          },
        };
      });
  });
}

/** By `connection media direction`, as the import's sums of ticks are. */
export function byConnection(all: readonly FinalCounter[]): Map<string, Counters> {
  return new Map(
    all.map(({ connection, media, direction, counters }) => [
      `${connection} ${media} ${direction}`,
      counters,
    ]),
  );
}

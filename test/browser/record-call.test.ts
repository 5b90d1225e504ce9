// Method: a short call is recorded anew with the Chromium of this machine, as recorder/record.ts does it, and
// read by the import: the sums must be what Chromium counted when each connection was closed. Skipped, saying
// so, where there is no Chromium.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { toRooms } from '../../importers/rooms.ts';
import { openCallBrowser } from '../../recorder/browser.ts';
import { findChromium, NoChromiumError } from '../../recorder/find-chromium.ts';
import type { RecordedLine } from '../../recorder/record-format.ts';
import { recordDemoCall, recordLossyCall } from '../../recorder/record.ts';
import { readDump, sumTicks, toPlainObject } from '../unit/importers/reading.ts';
import { byConnection, finalCounters } from '../unit/importers/recorded-call.ts';

const found = tryToFind();

describe('recording a call', () => {
  it(
    'with three peers, one of whom comes back, gives the counts of Chromium',
    { skip: found.skip },
    async () => {
      const lines = await record((browser) => recordDemoCall(browser, 6));
      const file = await readDump(pack(lines));
      assert.deepEqual([file.format, file.leftOut], ['getstats', []]);
      assert.deepEqual(withoutArrived(sumTicks(file)), toPlainObject(byConnection(finalCounters(lines))));
      const rooms = toRooms(file.presences.map(({ presence }) => ({ presence, sessionId: null })));
      assert.deepEqual(
        rooms.map(({ peers }) =>
          peers.map(({ peer_id, joins, video_device }) => [peer_id, joins, video_device !== '']),
        ),
        [
          [
            ['ada', 1, true],
            ['ben', 1, false],
            ['cleo', 2, true],
          ],
        ],
      );
    },
  );

  it(
    'through a relay that drops packets gives as many losses as were dropped',
    { skip: found.skip },
    async () => {
      const lines = await record((browser) =>
        recordLossyCall(browser, { seconds: 6, lossShare: 0.05, seed: 7 }),
      );
      const file = await readDump(pack(lines));
      assert.deepEqual(withoutArrived(sumTicks(file)), toPlainObject(byConnection(finalCounters(lines))));
      const finals = lines.flatMap((line) => ('final' in line ? line.reports : []));
      const listed = new Set(finals.filter(({ type }) => type === 'inbound-rtp').map(({ ssrc }) => ssrc));
      const dropped = lines
        .flatMap((line) => ('type' in line && line.type === 'relay' ? [line] : []))
        // Retransmissions have a stream of their own, which Chromium does not list and no loss is counted of.
        .filter(({ ssrc }) => listed.has(ssrc))
        .reduce((sum, line) => sum + line.dropped, 0);
      const lost = [...sumTicks(file)]
        .filter(([key]) => key.endsWith('recv'))
        .reduce((sum, [, one]) => sum + one.lost, 0);
      assert.ok(dropped > 0);
      assert.equal(lost, dropped);
    },
  );
});

describe('finding a Chromium', () => {
  it('uses the browser that is named, and lists the searched paths when there is none', () => {
    assert.equal(findChromium(process.execPath), process.execPath);
    assert.equal(findChromium(undefined, ['/nowhere/chromium', process.execPath]), process.execPath);
    assert.throws(() => findChromium('/nowhere/chromium'), /got "\/nowhere\/chromium", allowed: a Chromium/);
    assert.throws(
      () => findChromium(undefined, ['/nowhere/chromium', '/nowhere/chrome']),
      /no Chromium was found; looked for \/nowhere\/chromium, \/nowhere\/chrome\. Install one/,
    );
  });
});

function tryToFind(): { path: string; skip: false } | { path: null; skip: string } {
  try {
    return { path: findChromium(), skip: false };
  } catch (error) {
    if (!(error instanceof NoChromiumError)) throw error;
    return { path: null, skip: error.message };
  }
}

async function record(
  call: (browser: Awaited<ReturnType<typeof openCallBrowser>>) => Promise<RecordedLine[]>,
): Promise<RecordedLine[]> {
  const browser = await openCallBrowser(found.path ?? '');
  try {
    return await call(browser);
  } finally {
    await browser.close();
  }
}

function pack(lines: readonly RecordedLine[]): Buffer {
  return gzipSync(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function withoutArrived(sums: ReturnType<typeof sumTicks>): object {
  return toPlainObject(
    new Map([...sums].map(([key, { bytes, packets, lost }]) => [key, { bytes, packets, lost }])),
  );
}

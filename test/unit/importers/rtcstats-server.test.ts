// Method: a stretch of our recorded call is written in the forms of the first rtcstats-server, which fippo's
// dump importer reads: file format 2 with lines that are arrays or objects, and the dump of one object before
// it. All must give the sums that a replay of the raw counters gives, and the same facts of the client.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readDump, sumTicks, toDump, toPlainObject } from './reading.ts';
import type { Sums } from './reading.ts';
import { replayGetstats } from './replay.ts';
import { recordedReadings, toGetstats, toRtcstats } from './small-dumps.ts';

const READINGS = recordedReadings('cleo-ada-3', 8);
const EXPECTED = shown(replayGetstats(toGetstats(READINGS)));
const START = (READINGS[0]?.at ?? 0) - 1000;
const HEADER = {
  path: '/planning',
  origin: 'https://meet.example',
  url: 'https://meet.example/planning',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0',
};
const CITY = { city: { names: { en: 'Zurich' } }, country: { iso_code: 'CH' } };
const STREAM = { id: 's', tracks: [{ kind: 'audio', label: 'Microphone' }] };

type Entry = readonly [event: string, connection: string | null, value: unknown, time: number];

/** The lines of file format 2; reports are compressed as rtcstats-js does it. */
const ENTRIES: readonly Entry[] = [
  ['location', null, CITY, START - 4],
  ['identity', null, { user: 'ada', conference: 'Planning' }, START - 3],
  ...toRtcstats(READINGS)
    .split('\n')
    .slice(2, -1)
    .map((line) => JSON.parse(line) as Entry),
  ['close', null, null, START + 60_000],
];
const FORMAT_2 = { ...HEADER, time: START - 5, fileFormat: 2 };

describe('dumps of the first rtcstats-server', () => {
  it('are read in file format 2, with the location that the server found', async () => {
    await assertRead(toDump([FORMAT_2, ...ENTRIES]));
  });

  it('are read when the lines are objects, even without the header', async () => {
    const lines = ENTRIES.map(([event, connection, value, time]) => ({
      0: event,
      1: connection,
      2: value,
      time,
    }));
    await assertRead(toDump([FORMAT_2, ...lines]));
    const file = await readDump(toDump(lines));
    assert.deepEqual([file.format, shown(sumTicks(file))], ['rtcstats', EXPECTED]);
  });

  it('are read as one object, packed or not, with times as text and whole reports', async () => {
    const dump = toOneObject();
    await assertRead(dump);
    await assertRead(gzipSync(dump));
  });

  it('are read as one object that is longer than the part used to detect the format', async () => {
    const padding = { type: 'addIceCandidate', value: 'x'.repeat(300_000), time: new Date(START) };
    await assertRead(toOneObject([padding]));
  });

  it('are answered with what to do when one object spans several lines', async () => {
    const pretty = JSON.stringify({ peerConnections: { PC_0: [] } }, null, 2);
    const { format, leftOut } = await readDump(Buffer.from(pretty));
    assert.equal(format, null);
    assert.match(leftOut.map(({ reason }) => reason).join(), /peerConnections.*write it in one line/);
  });

  it('report where an event of one object has no name', async () => {
    const { leftOut } = await readDump(toOneObject([{ time: new Date(START) }]));
    assert.deepEqual(
      leftOut.map(({ reason, firstPlace }) => [reason, firstPlace]),
      [['line without an event name', 'line 1, peerConnections.PC_0[0]']],
    );
  });
});

/** Events as the server kept them in memory before it wrote lines. */
function toOneObject(before: readonly object[] = []): Buffer {
  const toEvent = ([type, , value, time]: Entry): object => ({
    time: new Date(time).toISOString(),
    type,
    value,
  });
  const isOfMedia = ([event]: Entry): boolean => event.startsWith('navigator.');
  const others = ENTRIES.filter((entry) => entry[0] !== 'getstats' && !isOfMedia(entry));
  const readings = READINGS.map(({ at, reports }): object => ({
    time: new Date(at).toISOString(),
    type: 'getStats',
    value: Object.fromEntries(reports.map((report) => [String(report.id), report])),
  }));
  return Buffer.from(
    JSON.stringify({
      ...HEADER,
      getUserMedia: ENTRIES.filter(isOfMedia).map(toEvent),
      peerConnections: {
        null: others.filter(([, connection]) => connection === null).map(toEvent),
        PC_0: [
          ...before,
          ...others.filter(([, connection]) => connection === 'PC_0').map(toEvent),
          ...readings,
        ],
      },
    }),
  );
}

async function assertRead(dump: Buffer): Promise<void> {
  const file = await readDump(dump);
  assert.deepEqual([file.format, file.leftOut, file.presences.length], ['rtcstats', [], 1]);
  assert.deepEqual(shown(sumTicks(file)), EXPECTED);
  const presence = file.presences[0]?.presence;
  assert.deepEqual(
    [presence?.roomId, presence?.peerId, presence?.city, presence?.country, presence?.audioDevice],
    ['Planning', 'ada', 'Zurich', 'CH', STREAM.tracks[0]?.label],
  );
  assert.deepEqual([presence?.browser, presence?.callSetupMs], ['Firefox', 100]);
}

/** The replay does not count arrivals. */
function shown(sums: ReadonlyMap<string, Sums>): Record<string, Omit<Sums, 'arrived'>> {
  const counted = [...sums].map(
    ([name, { bytes, packets, lost }]) => [name, { bytes, packets, lost }] as const,
  );
  return toPlainObject(new Map(counted));
}

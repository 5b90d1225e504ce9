// Method: dumps are imported into the real ClickHouse, and the track totals there, as the export reads them,
// are compared with what is known otherwise: Chromium's own final counters, the count of the relay that
// dropped packets, a replay of raw counters.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { importFiles } from '../../importers/import-files.ts';
import { loadDemoCall } from '../../importers/load-demo-call.ts';
import type { RecordedLine } from '../../recorder/record-format.ts';
import { seededRandom } from '../../recorder/lossy-relay.ts';
import { findSample, readDump, sumTicks, toPlainObject } from '../unit/importers/reading.ts';
import { replayGetstats, replayInternals, replayRtcstats } from '../unit/importers/replay.ts';
import { recordedReadings, toGetstats, toInternals, toRtcstats } from '../unit/importers/small-dumps.ts';
import { finalCounters, linesOf, RETRANSMISSION } from '../unit/importers/recorded-call.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import { addUp, FINALIZED_MS, makeDumpFolder, totalsOf } from './import-database.ts';
import type { Total } from './import-database.ts';

const recording = (name: string): string =>
  fileURLToPath(new URL(`../../recorder/${name}.jsonl.gz`, import.meta.url));

const SAMPLES = [
  ['rtcstats/59c86272-03ea-42e9-a62d-1c8a272e8ab0.jsonl', replayRtcstats],
  ['rtcstats/chrome-standard-multiple-p2p.jsonl', replayRtcstats],
  ['rtcstats/google-standard-stats-p2p.jsonl', replayRtcstats],
  ['rtcstats/google-standard-stats-sfu.jsonl', replayRtcstats],
  ['webrtc-internals/sample-webrtc-internals-dump.txt', replayInternals],
] as const;

const SEED = 20_261_124;
const DAMAGED_OF_EACH = 8;
/** Enough that every dump is damaged in several lines, and something is left to be read. */
const BYTES_HIT = 6;

describe('the history after an import', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  for (const name of ['demo-call', 'lossy-call']) {
    it(`has in the totals of ${name} exactly the final counts of Chromium for each connection`, async () => {
      const projectId = `final-${name}`;
      await importFiles(history.connection, [recording(name)], { projectId, finalizedAtMs: FINALIZED_MS });
      const expected = finalTotals(name);
      assert.ok(expected.size >= 8);
      assert.deepEqual(toPlainObject(await totalsOf(history, projectId)), toPlainObject(expected));
    });

    it(`has in the totals of ${name} the sums of its raw counters`, async () => {
      const projectId = `replay-${name}`;
      await importFiles(history.connection, [recording(name)], { projectId, finalizedAtMs: FINALIZED_MS });
      const text = gunzipSync(readFileSync(recording(name))).toString('utf8');
      assertSameByMedia(await totalsOf(history, projectId, mediaOf), replayGetstats(text));
    });
  }

  it('has at each receiver as many lost media packets as the relay between the two dropped', async () => {
    const projectId = 'lossy-relay';
    await importFiles(history.connection, [recording('lossy-call')], {
      projectId,
      finalizedAtMs: FINALIZED_MS,
    });
    const dropped = new Map<string, number>();
    for (const line of linesOfRecording('lossy-call')) {
      // Retransmissions have a stream of their own that no loss is counted of.
      if (!('type' in line) || line.type !== 'relay' || line.payload_type === RETRANSMISSION) continue;
      dropped.set(line.to, (dropped.get(line.to) ?? 0) + line.dropped);
    }
    const received = await totalsOf(history, projectId, ({ peer_id, direction }) =>
      direction === 'recv' ? String(peer_id) : 'sent',
    );
    assert.equal(dropped.size, 2);
    for (const [peer, count] of dropped) assert.equal(received.get(peer)?.lost, count, peer);
  });

  for (const [name, replay] of SAMPLES) {
    const { path, skip } = findSample(name);
    it(`has in the totals of ${name} the sums of its raw counters`, { skip }, async () => {
      const projectId = `sample-${name}`;
      const { files } = await importFiles(history.connection, [path ?? ''], {
        projectId,
        finalizedAtMs: FINALIZED_MS,
      });
      assert.deepEqual(files[0]?.leftOut, []);
      const replayed = replay(readFileSync(path ?? '', 'utf8'));
      assertSameByMedia(await totalsOf(history, projectId, mediaOf), replayed);
    });
  }

  it('has the readable rest of dumps damaged at random, whose import always ends', async () => {
    const dumps = await makeDumpFolder();
    const random = seededRandom(SEED);
    const readings = recordedReadings('cleo-ada-3', 4);
    try {
      for (const [kind, whole] of [
        ['rtcstats', toRtcstats(readings)],
        ['getstats', toGetstats(readings)],
        ['internals', toInternals(readings)],
      ] as const) {
        for (let index = 0; index < DAMAGED_OF_EACH; index += 1) {
          const dump = Buffer.from(whole);
          for (let hit = 0; hit < BYTES_HIT; hit += 1)
            dump[Math.floor(random() * dump.length)] = Math.floor(random() * 256);
          const projectId = `damaged-${kind}-${index}`;
          const path = await dumps.write(projectId, dump);
          const { files } = await importFiles(history.connection, [path], { projectId });
          assert.equal(files[0]?.error, null, projectId);
          const read = sumTicks(await readDump(dump));
          assertSameByMedia(await totalsOf(history, projectId, mediaOf), read, projectId);
        }
      }
    } finally {
      await dumps.remove();
    }
  });

  it('has three peers in one room, one of whom joined twice, with path, devices, keys and set-up time', async () => {
    const projectId = 'peers';
    await importFiles(history.connection, [recording('demo-call')], {
      projectId,
      finalizedAtMs: FINALIZED_MS,
    });
    const peers = await history.select(
      `SELECT peer_id, joins, connection_type, media_transport, audio_device, video_device, keys, browser, os,
          call_setup_ms BETWEEN 1 AND 5000 AS is_set_up, connected_ms <= dateDiff('millisecond', joined_at, left_at) AS is_within
        FROM export_peers WHERE project_id = {project:String} ORDER BY peer_id`,
      { project: projectId },
    );
    const common = {
      connection_type: 'HOST',
      media_transport: 'udp',
      audio_device: 'Fake Default Audio Input',
      browser: 'Chrome',
      os: 'Linux',
      is_set_up: 1,
      is_within: 1,
    };
    const camera = { video_device: 'fake_device_0' };
    assert.deepEqual(peers, [
      {
        ...common,
        ...camera,
        peer_id: 'ada',
        joins: 1,
        keys: { team: ['platform'], roles: ['host', 'presenter'] },
      },
      { ...common, video_device: '', peer_id: 'ben', joins: 1, keys: { team: ['platform'] } },
      { ...common, ...camera, peer_id: 'cleo', joins: 2, keys: { team: ['design'] } },
    ]);
  });

  it('has codec, frame size and frames of the video', async () => {
    const projectId = 'video';
    await importFiles(history.connection, [recording('demo-call')], {
      projectId,
      finalizedAtMs: FINALIZED_MS,
    });
    const rows = await history.select(
      `SELECT DISTINCT media, codec, width_max, height_max, frames > 0 AS has_frames FROM export_track_totals
        WHERE project_id = {project:String} ORDER BY media`,
      { project: projectId },
    );
    assert.deepEqual(rows, [
      { media: 'audio', codec: 'opus', width_max: 0, height_max: 0, has_frames: 0 },
      { media: 'video', codec: 'VP8', width_max: 640, height_max: 480, has_frames: 1 },
    ]);
  });

  it("has the same totals for the demonstration's call under any session id and at any time", async () => {
    const projectId = 'demo';
    for (const sessionId of ['one', 'two'])
      await loadDemoCall(history.connection, { projectId, finalizedAtMs: FINALIZED_MS, sessionId });
    const totals = await totalsOf(history, projectId, ({ session_id, ...row }) =>
      [session_id, row.peer_id, row.media, row.direction].map(String).join(' '),
    );
    const expected = finalTotals('demo-call');
    for (const sessionId of ['one', 'two']) {
      for (const [key, total] of expected) assert.deepEqual(totals.get(`${sessionId} ${key}`), total, key);
    }
    assert.equal(totals.size, 2 * expected.size);
    const rooms = await history.select(
      `SELECT toUnixTimestamp64Milli(ended_at) AS ended_ms FROM export_rooms WHERE project_id = {project:String}`,
      { project: projectId },
    );
    assert.deepEqual(
      rooms.map(({ ended_ms }) => Number(ended_ms)),
      [FINALIZED_MS - 10_000, FINALIZED_MS - 10_000],
    );
  });
});

function mediaOf({ media, direction }: Record<string, unknown>): string {
  return `${String(media)} ${String(direction)}`;
}

/** The replay knows connections, the history peers: compared are the sums of each medium and direction. */
function assertSameByMedia(
  totals: ReadonlyMap<string, Total>,
  replayed: ReadonlyMap<string, Total>,
  what?: string,
): void {
  const expected = addUp([...replayed].map(([key, sum]) => [key.slice(key.indexOf(' ') + 1), sum]));
  assert.ok(what !== undefined || expected.size > 0);
  assert.deepEqual(toPlainObject(totals), toPlainObject(expected), what);
}

function linesOfRecording(name: string): RecordedLine[] {
  return linesOf(readFileSync(recording(name)));
}

/** By `peer media direction`. */
function finalTotals(name: string): Map<string, Total> {
  return addUp(
    finalCounters(linesOfRecording(name)).map(
      ({ peer, media, direction, counters }) => [`${peer} ${media} ${direction}`, counters] as const,
    ),
  );
}

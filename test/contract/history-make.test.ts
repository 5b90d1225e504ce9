// Made-up rooms on the real ClickHouse: that the seed alone decides them, that what holds between the numbers
// of a real call holds in them, and that what a reader of the file must cope with does occur.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { makeHistory } from '../../history/make/make-history.ts';
import type { MakeOptions } from '../../history/make/make-history.ts';
import { assertRows, makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const FROM_MS = 1_795_000_000_000;
const TO_MS = FROM_MS + 3_600_000;
const ROOMS = 3000;

/** Of all that is made but the project, so that two projects can be compared. */
const FINGERPRINT = ['rooms', 'peers', 'track_totals']
  .map(
    (name) =>
      `SELECT '${name}' AS name, count() AS rows, sum(cityHash64(* EXCEPT project_id)) AS hash FROM export_${name} WHERE project_id = {project:String}`,
  )
  .join(' UNION ALL ');

describe('makeHistory', () => {
  let history: HistoryDatabase;
  const project = randomUUID();
  const options: MakeOptions = { rooms: ROOMS, seed: 5, projectId: project, fromMs: FROM_MS, toMs: TO_MS };
  const fingerprint = (of: string) =>
    history.select(`SELECT * FROM (${FINGERPRINT}) ORDER BY name`, { project: of });
  const ask = (query: string) => history.select(query, { project });
  before(async () => {
    history = await makeHistoryDatabase();
    await makeHistory(history.connection, options);
  });
  after(() => history.drop());

  it('makes the same rooms from the same seed, whatever the blocks, and adds nothing when repeated', async () => {
    const first = await fingerprint(project);
    const again = randomUUID();
    await makeHistory(history.connection, { ...options, projectId: again, roomsPerBlock: 1100 });
    assert.deepEqual(await fingerprint(again), first);
    await makeHistory(history.connection, options);
    assert.deepEqual(await fingerprint(project), first);
  });

  it('makes other rooms from another seed', async () => {
    const other = randomUUID();
    await makeHistory(history.connection, { ...options, projectId: other, seed: 6, rooms: 100 });
    const both = await history.select(
      'SELECT uniqExact(session_id) AS sessions FROM export_rooms WHERE project_id IN ({project:String}, {other:String})',
      { project, other },
    );
    assertRows(both, [{ sessions: String(ROOMS + 100) }]);
  });

  it('finalises the requested number of rooms, spread over the given time', async () => {
    const rows = await ask(`SELECT count() AS rooms, uniqExact(session_id) AS sessions,
        countIf(toUnixTimestamp64Milli(finalized_at) NOT BETWEEN ${FROM_MS} AND ${TO_MS - 1}) AS outside,
        uniqExact(toStartOfMinute(finalized_at)) >= 60 AS is_spread
      FROM export_rooms WHERE project_id = {project:String}`);
    assertRows(rows, [{ rooms: String(ROOMS), sessions: String(ROOMS), outside: '0', is_spread: 1 }]);
  });

  it("gives rooms 2 to 50 peers, about three on average, who are present within the room's time", async () => {
    const rows =
      await ask(`SELECT min(peers) >= 2 AND max(peers) <= 50 AND max(peers) > 12 AS is_bounded, avg(peers) BETWEEN 2.7 AND 3.2 AS is_mean,
        countIf(first_join != started_at OR last_leave != ended_at OR ended_at >= finalized_at) AS mistimed
      FROM (SELECT session_id, count() AS peers, min(joined_at) AS first_join, max(left_at) AS last_leave
          FROM export_peers WHERE project_id = {project:String} GROUP BY session_id) AS p
      INNER JOIN (SELECT * FROM export_rooms WHERE project_id = {project:String}) AS r USING (session_id)`);
    assertRows(rows, [{ is_bounded: 1, is_mean: 1, mistimed: '0' }]);
  });

  it('makes totals whose sums are consistent with each other', async () => {
    const wrong = {
      of_nobody: 'isNull(p.peer_id)',
      ran_longer_than_connected: 't.active_ms > p.connected_ms',
      seen_longer_than_ran: 'sized_ms > active_ms',
      larger_than_largest: 'pixel_ms > sized_ms * width_max * height_max',
      jitter_beyond_maximum: 'jitter_us_sum > jitter_count * jitter_us_max',
      rtt_beyond_maximum: 'rtt_us_sum > rtt_count * rtt_us_max',
      rtt_of_receiver: "direction = 'recv' AND rtt_count > 0",
      arrived_unlike_packets: "direction = 'recv' AND packets_arrived != packets",
      // Σ x²·ms · Σ ms ≥ (Σ x·ms)²
      squares_below_mean: 'toUInt256(bitrate_sq_ms) * t.active_ms < toUInt256(64) * bytes * bytes',
    };
    const counts = Object.entries(wrong).map(([name, condition]) => `countIf(${condition}) AS ${name}`);
    const rows = await history.select(
      `SELECT ${counts.join(', ')} FROM (SELECT * FROM export_track_totals WHERE project_id = {project:String}) AS t
      LEFT JOIN (SELECT * FROM export_peers WHERE project_id = {project:String}) AS p USING (session_id, peer_id) SETTINGS join_use_nulls = 1`,
      { project },
    );
    assertRows(rows, [Object.fromEntries(Object.keys(wrong).map((name) => [name, '0']))]);
  });

  it('includes what a real history has: silence, loss, missing values, keys of every shape, relays', async () => {
    const peers = {
      no_browser: "browser = ''",
      no_city: "city = '' AND country = ''",
      turn: "connection_type = 'TURN'",
      stun: "connection_type = 'STUN'",
      host: "connection_type = 'HOST'",
      unknown_path: "connection_type = ''",
      tls: "media_transport = 'tls'",
      tcp: "media_transport = 'tcp'",
      returned: 'joins > 1',
      no_setup: 'isNull(call_setup_ms)',
      rated: 'isNotNull(rating)',
      no_keys: 'empty(keys)',
      key_of_one: 'arrayExists(texts -> length(texts) = 1, mapValues(keys))',
      key_of_several: 'arrayExists(texts -> length(texts) > 1, mapValues(keys))',
      key_of_none: 'arrayExists(texts -> empty(texts), mapValues(keys))',
    };
    const totals = {
      silent: 'packets = 0 AND active_ms > 0',
      heavy_loss: 'packets_lost * 9 > toInt64(packets_arrived)',
      whole_loss: 'packets_arrived = 0 AND packets_lost > 0',
      negative_loss: 'packets_lost < 0',
      no_report: "direction = 'send' AND packets > 0 AND packets_arrived = 0 AND packets_lost = 0",
      no_jitter: 'jitter_count = 0 AND packets > 0',
      no_size: "media = 'video' AND packets > 0 AND sized_ms = 0",
      no_codec: "codec = ''",
      frozen: 'freezes > 0',
    };
    for (const [view, kinds] of Object.entries({ export_peers: peers, export_track_totals: totals })) {
      const found = Object.entries(kinds).map(([name, condition]) => `countIf(${condition}) > 0 AS ${name}`);
      const rows = await ask(`SELECT ${found.join(', ')} FROM ${view} WHERE project_id = {project:String}`);
      assertRows(rows, [Object.fromEntries(Object.keys(kinds).map((name) => [name, 1]))]);
    }
    const rooms =
      await ask(`SELECT countIf(room_url = '') > 0 AS no_url, uniqExact(room_id) < count() AS comes_back,
        countIf(ended_at - started_at < 2) > 0 AS short, countIf(ended_at - started_at > 7200) > 0 AS long,
        countIf(session_id NOT IN (SELECT session_id FROM export_track_totals WHERE project_id = {project:String})) > 0 AS unmeasured,
        countIf(session_id NOT IN (SELECT session_id FROM export_track_totals WHERE project_id = {project:String} AND media = 'video')) > 100 AS voice
      FROM export_rooms WHERE project_id = {project:String}`);
    assertRows(rooms, [{ no_url: 1, comes_back: 1, short: 1, long: 1, unmeasured: 1, voice: 1 }]);
  });

  it('refuses invalid options and says what is allowed', async () => {
    const refused = (change: Partial<MakeOptions>, message: RegExp) =>
      assert.rejects(makeHistory(history.connection, { ...options, ...change }), message);
    await refused({ rooms: 0 }, /rooms: got 0, allowed is a whole number from 1/);
    await refused({ seed: -1 }, /seed: got -1, allowed is a whole number from 0/);
    await refused({ toMs: FROM_MS }, /from and to: .* allowed is a time and a later one/);
  });
});

// Views that an operator wrote over tables of his own: other types than the product's, and rows that are
// there twice. What is no count is not known and counted; of several rows of one key that of the highest
// version holds. The preflight takes every one of these types.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { ClickHouseClient } from '@clickhouse/client';
import { checkViews } from '../../history/check-views.ts';
import { openConnection } from '../../clickhouse/connection.ts';
import { getTestStack } from '../stack.ts';
import { at, exportOf } from './exported-rooms.ts';
import type { Row } from './exported-rooms.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';

const NUMBERS_OF_TOTALS = [
  'bytes',
  'packets',
  'packets_lost',
  'packets_arrived',
  'active_ms',
  'bitrate_sq_ms',
  'jitter_us_sum',
  'jitter_count',
  'jitter_us_max',
  'rtt_us_sum',
  'rtt_count',
  'rtt_us_max',
  'pixel_ms',
  'sized_ms',
  'frames',
  'width_max',
  'height_max',
  'freezes',
];

describe("the export over an operator's own views", () => {
  let history: HistoryDatabase;
  let exporter: ClickHouseClient;
  before(async () => {
    history = await makeHistoryDatabase();
    const { clickhouse } = await getTestStack();
    exporter = openConnection({
      ...history.target,
      user: clickhouse.exporterUser,
      password: clickhouse.exporterPassword,
    });
  });
  after(async () => {
    await exporter.close();
    await history.drop();
  });
  beforeEach(async () => {
    for (const name of ['rooms', 'peers', 'track_totals']) await view(name, '*');
  });

  async function view(table: string, columns: string, more = ''): Promise<void> {
    await history.connection.command({
      query: `CREATE OR REPLACE VIEW export_${table} AS SELECT ${columns} FROM ${table} FINAL ${more}`,
    });
  }

  /** The export is asked of views that the preflight lets pass. */
  async function assertPreflight(): Promise<void> {
    const columns = (await checkViews(exporter)).filter(({ name }) => name.endsWith('columns'));
    assert.deepEqual(
      columns.map(({ ok, got }) => (ok ? 'ok' : got)),
      ['ok', 'ok', 'ok'],
    );
  }

  const relatives: [title: string, type: string][] = [
    ['signed', 'Int64'],
    ['floating', 'Float64'],
    ['nullable', 'Nullable(UInt64)'],
    ['nullable floating', 'Nullable(Float64)'],
  ];
  for (const [title, type] of relatives) {
    it(`gives the same file when the numbers are ${title}`, async () => {
      const rows = {
        peers: [{ call_setup_ms: 300, rating: 4, keys: { a: ['b'] } }],
        totals: [
          {},
          { direction: 'recv' },
          { media: 'video', pixel_ms: 9_000_000, sized_ms: 100, frames: 3, width_max: 320, height_max: 180 },
        ],
      };
      const before = await exportOf(history, rows, { fields: 'extended' });
      const replaced = (names: readonly string[], of: string) =>
        names.map((name) => `CAST(${name}, '${of}') AS ${name}`).join(', ');
      await view('track_totals', `* REPLACE (${replaced(NUMBERS_OF_TOTALS, type)})`);
      const nullable = type.startsWith('Nullable') ? type : `Nullable(${type})`;
      await view(
        'peers',
        `* REPLACE (${replaced(['connected_ms', 'joins'], type)}, ${replaced(['call_setup_ms', 'rating'], nullable)})`,
      );
      await assertPreflight();
      const after = await exportOf(history, rows, { fields: 'extended' });
      assert.equal(after.text, before.text);
      assert.deepEqual([before.faults, after.faults], [[], []]);
    });
  }

  it('gives the same file when texts and keys are nullable, enumerated or low-cardinality, and times have a zone', async () => {
    const rows = {
      peers: [{ os: 'Linux', connection_type: 'TURN', keys: { a: ['b'], c: [] } }],
      totals: [{}],
    };
    const before = await exportOf(history, rows, { fields: 'extended' });
    await view(
      'peers',
      `* REPLACE (toLowCardinality(nullIf(toString(os), '')) AS os, CAST(nullIf(city, ''), 'Nullable(String)') AS city,
        CAST(connection_type, 'Enum8(\\'TURN\\' = 1, \\'relay\\' = 2)') AS connection_type, CAST(keys, 'Map(LowCardinality(String), Array(String))') AS keys,
        nullIf(audio_device, '') AS audio_device, nullIf(toString(end_reason), '') AS end_reason, joined_at::DateTime64(3, 'Asia/Tokyo') AS joined_at)`,
    );
    await view(
      'rooms',
      `* REPLACE (nullIf(room_url, '') AS room_url, started_at::DateTime64(3, 'America/Lima') AS started_at)`,
    );
    await view(
      'track_totals',
      `* REPLACE (CAST(media, 'Enum8(\\'audio\\' = 1)') AS media, CAST(NULL, 'Nullable(String)') AS codec)`,
    );
    await assertPreflight();
    const after = await exportOf(history, rows, { fields: 'extended' });
    assert.equal(after.text, before.text.replaceAll('"codec":"opus"', '"codec":null'));
    assert.deepEqual(after.faults, []);
  });

  const noCounts: [title: string, expression: string, type: string][] = [
    ['NaN', 'nan', 'Float64'],
    ['infinite', 'inf', 'Float64'],
    ['negative infinite', '-inf', 'Float32'],
    ['null', 'NULL', 'Nullable(UInt64)'],
    ['negative', '-1', 'Int64'],
    ['a fraction', '0.5', 'Float64'],
    ['beyond 64 bits', '1e20', 'Float64'],
  ];
  for (const [title, expression, type] of noCounts) {
    it(`treats a count that is ${title} as unknown, and continues with what is valid`, async () => {
      const broken = (name: string) =>
        `CAST(if(peer_id = 'b', ${expression}, ${name}), '${type}') AS ${name}`;
      await view('track_totals', `* REPLACE (${broken('jitter_us_sum')}, ${broken('bytes')})`);
      await assertPreflight();
      const { rooms, faults } = await exportOf(history, {
        rooms: [{}, { session_id: 's2' }],
        peers: [{ peer_id: 'a' }, { peer_id: 'b' }, { session_id: 's2' }],
        totals: [
          { peer_id: 'a' },
          { peer_id: 'b', packets_lost: 30, packets_arrived: 2970 },
          { session_id: 's2' },
        ],
      });
      const { bitrate, packet_loss, jitter, rtt } = at(rooms, '0.peers.1.stats.audio.send') as Row;
      assert.deepEqual([bitrate, packet_loss, jitter, rtt], [null, 1, null, 40]);
      // The mean is that of the other peer.
      assert.deepEqual(
        [at(rooms, '0.stats.audio.bitrate'), at(rooms, '0.stats.audio.send.packet_loss')],
        [32, 0.5],
      );
      assert.deepEqual(faults, [{ codes: 'total_count', sessionId: 's1' }]);
    });
  }

  it('treats losses, readings and sizes that are not numbers as unknown, each independently', async () => {
    const lossesOf = async (column: string) => {
      await view('track_totals', `* REPLACE (CAST(nan, 'Float64') AS ${column})`);
      const { rooms, faults } = await exportOf(history, { totals: [{}] }, { fields: 'extended' });
      assert.deepEqual(faults, [{ codes: 'total_count', sessionId: 's1' }], column);
      const send = at(rooms, '0.peers.0.stats.audio.send') as Row;
      return Object.entries(send).flatMap(([name, value]) => (value === null ? [name] : []));
    };
    assert.deepEqual(await lossesOf('packets_lost'), ['mos', 'score', 'packet_loss', 'packets_lost']);
    assert.deepEqual(await lossesOf('active_ms'), ['bitrate', 'active_time']);
    // The largest round trip is known all the same.
    assert.deepEqual(await lossesOf('rtt_count'), ['rtt']);
    assert.deepEqual(await lossesOf('jitter_us_max'), ['jitter_max']);
    assert.deepEqual(await lossesOf('bitrate_sq_ms'), []);
  });

  it('ignores what an operator writes into columns that a total does not use', async () => {
    await view(
      'track_totals',
      "* REPLACE (CAST(if(media = 'video', pixel_ms, NULL), 'Nullable(UInt64)') AS pixel_ms, CAST(if(direction = 'send', rtt_count, NULL), 'Nullable(UInt64)') AS rtt_count)",
    );
    const { faults } = await exportOf(history, { totals: [{}, { direction: 'recv' }] });
    assert.deepEqual(faults, []);
  });

  it('treats invalid numbers of a peer as unknown', async () => {
    await view(
      'peers',
      "* REPLACE (toFloat64(-5) AS connected_ms, CAST(nan, 'Float64') AS call_setup_ms, CAST(4.5, 'Float64') AS rating)",
    );
    await assertPreflight();
    const { rooms, faults } = await exportOf(history, {}, { fields: 'extended' });
    const { duration, user } = at(rooms, '0.peers.0') as Row;
    assert.deepEqual(
      [duration, user, at(rooms, '0.peers.0.stats.call_setup_time'), at(rooms, '0.stats.call_setup_time')],
      [null, null, null, null],
    );
    assert.deepEqual(faults, [{ codes: 'peer_count,call_setup,rating', sessionId: 's1' }]);
  });

  it('uses the row of the highest version when a view returns several of one room, peer or total', async () => {
    await view(
      'rooms',
      "* EXCEPT n REPLACE (version + n AS version, if(n = 1, 'newer', room_id) AS room_id)",
      'ARRAY JOIN [1, 0] AS n',
    );
    await view(
      'peers',
      "* EXCEPT n REPLACE (version + n AS version, if(n = 1, 'newer', os) AS os)",
      'ARRAY JOIN [1, 0] AS n',
    );
    await view(
      'track_totals',
      '* EXCEPT n REPLACE (version + n AS version, bytes * (1 + n) AS bytes)',
      'ARRAY JOIN [0, 1] AS n',
    );
    const { rooms, faults } = await exportOf(
      history,
      { totals: [{}, { direction: 'recv' }] },
      { fields: 'extended' },
    );
    assert.deepEqual(
      [rooms.length, at(rooms, '0.room_id'), at(rooms, '0.users'), at(rooms, '0.peers.0.os')],
      [1, 'newer', 1, 'newer'],
    );
    assert.deepEqual(
      [at(rooms, '0.peers.1'), at(rooms, '0.stats.audio.send.bitrate'), at(rooms, '0.measured.mos')],
      [undefined, 64, 1],
    );
    assert.deepEqual(faults, [{ codes: 'room_twice,peer_twice,total_twice', sessionId: 's1' }]);
  });

  it('gives the same file for rows of one version, in whatever order they come', async () => {
    const peers = (order: string) =>
      view('peers', '* EXCEPT n REPLACE (n AS connected_ms)', `ARRAY JOIN ${order} AS n`);
    await peers('[1000, 2000, 3000]');
    const first = await exportOf(history, {});
    await peers('[3000, 1000, 2000]');
    const second = await exportOf(history, {});
    assert.equal(second.text, first.text);
    assert.deepEqual(second.faults, [{ codes: 'peer_twice', sessionId: 's1' }]);
  });
});

// The rules of history/analyse.ts on the real ClickHouse, one at a time, with ticks written by hand and the
// expected totals worked out by hand. Each test has its own project in one database; the union of intervals
// is compared with a set of milliseconds as well.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { assertRows, makeHistoryDatabase, toSeconds } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import {
  FINALIZED_MS,
  insertRoom,
  roomOf,
  TICK_END_MS,
  tick,
  totalsOf,
  totalsWritten,
} from './ticks-and-totals.ts';

const UINT64_MAX = '18446744073709551615';

describe('analyse', () => {
  let history: HistoryDatabase;
  before(async () => {
    history = await makeHistoryDatabase();
  });
  after(() => history.drop());

  it('adds up each counter over the ticks and keeps the sign of lost packets', async () => {
    const project = await roomOf(history);
    const counters = { bytes: 1000, packets: 50, packets_lost: -3, packets_arrived: 47 };
    const round = { rtt_us_sum: 40_000, rtt_count: 2, rtt_us_max: 30_000, freezes: 1 };
    await history.insert('media_samples', [
      tick(project, { ...counters, ...round }),
      tick(project, { ...counters, ...round, tick_end: toSeconds(TICK_END_MS + 10_000), rtt_us_max: 20_000 }),
    ]);
    assert.equal(await totalsWritten(history, project), 1);
    const sums = { bytes: '2000', packets: '100', packets_lost: '-6', packets_arrived: '94' };
    const rounds = { rtt_us_sum: '80000', rtt_count: '4', rtt_us_max: 30_000, freezes: 2 };
    assertRows(await totalsOf(history, project), [{ ...sums, ...rounds }]);
  });

  it('counts a tick that was delivered twice once, with its last delivery', async () => {
    const project = await roomOf(history);
    await history.insert('media_samples', [
      tick(project, { bytes: 700, delivered_at: toSeconds(TICK_END_MS + 2_000) }),
    ]);
    await history.insert('media_samples', [
      tick(project, { bytes: 900, delivered_at: toSeconds(TICK_END_MS + 3_000) }),
    ]);
    await history.insert('media_samples', [
      tick(project, { bytes: 100, delivered_at: toSeconds(TICK_END_MS + 1_000) }),
    ]);
    await totalsWritten(history, project);
    assertRows(await totalsOf(history, project), [{ bytes: '900', active_ms: '10000' }]);
  });

  it('keeps media and directions apart', async () => {
    const project = await roomOf(history);
    const kinds = ['audio', 'video'].flatMap((media) =>
      ['recv', 'send'].map((direction) => ({ media, direction })),
    );
    await history.insert(
      'media_samples',
      kinds.map((kind, index) => tick(project, { ...kind, bytes: index + 1 })),
    );
    await history.insert('media_samples', [tick(project, { media: 'data' })]);
    assert.equal(await totalsWritten(history, project), 4);
    const expected = kinds.map((kind, index) => ({ ...kind, bytes: String(index + 1) }));
    assertRows(await totalsOf(history, project), expected);
  });

  it('counts each millisecond once, however many connections cover it', async () => {
    const span = fc.record({
      connection: fc.integer({ min: 0, max: 2 }),
      startMs: fc.integer({ min: 0, max: 60 }),
      lengthMs: fc.integer({ min: 0, max: 25 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(span, { minLength: 1, maxLength: 12 }), async (drawn) => {
        const spans = new Map(
          drawn.map((each) => [`${each.connection}/${each.startMs + each.lengthMs}`, each]),
        );
        const covered = new Set<number>();
        for (const { startMs, lengthMs } of spans.values())
          for (let ms = startMs; ms < startMs + lengthMs; ms += 1) covered.add(ms);
        const project = await roomOf(history);
        const ticks = [...spans.values()].map(({ connection, startMs, lengthMs }) =>
          tick(project, {
            connection_id: `c${connection}`,
            tick_end: toSeconds(TICK_END_MS + startMs + lengthMs),
            tick_ms: lengthMs,
          }),
        );
        await history.insert('media_samples', ticks);
        await totalsWritten(history, project);
        assertRows(await totalsOf(history, project), [{ active_ms: String(covered.size) }]);
      }),
      { numRuns: 25 },
    );
  });

  it('squares the whole kilobits of each tick, and adds nothing for a tick without duration', async () => {
    const project = await roomOf(history);
    await history.insert('media_samples', [
      // floor(8 · 12345 / 10000) = 9, squared, for 10 s
      tick(project, { bytes: 12_345 }),
      // floor(8 · 1000 / 3000) = 2, squared, for 3 s
      tick(project, { bytes: 1000, tick_ms: 3000, tick_end: toSeconds(TICK_END_MS + 3000) }),
      tick(project, { bytes: 5000, tick_ms: 0, tick_end: toSeconds(TICK_END_MS + 4000) }),
    ]);
    await totalsWritten(history, project);
    assertRows(await totalsOf(history, project), [
      { bytes: '18345', bitrate_sq_ms: String(81 * 10_000 + 4 * 3000), active_ms: '13000' },
    ]);
  });

  it('reads jitter once per tick and skips ticks without a reading', async () => {
    const project = await roomOf(history);
    const readings = [0, null, 9000, 1000];
    await history.insert(
      'media_samples',
      readings.map((jitter_us, index) =>
        tick(project, { jitter_us, tick_end: toSeconds(TICK_END_MS + index * 10_000) }),
      ),
    );
    await totalsWritten(history, project);
    const jitter = { jitter_us_sum: '10000', jitter_count: '3', jitter_us_max: 9000 };
    assertRows(await totalsOf(history, project), [jitter]);
  });

  it('counts pixels, time and frames only when the size is known, and takes the largest frame, then the widest', async () => {
    const project = await roomOf(history);
    const frame = (index: number, fields: object) =>
      tick(project, {
        media: 'video',
        tick_end: toSeconds(TICK_END_MS + index * 1000),
        tick_ms: 1000,
        frames: 30,
        ...fields,
      });
    await history.insert('media_samples', [
      frame(0, { pixels: 640 * 360, width: 360, height: 640 }),
      frame(1, { pixels: 640 * 360, width: 640, height: 360 }),
      frame(2, { pixels: 0, width: 0, height: 2000 }),
      frame(3, { pixels: 100, width: 320, height: 180 }),
    ]);
    await totalsWritten(history, project);
    assertRows(await totalsOf(history, project), [
      {
        pixel_ms: String((2 * 640 * 360 + 100) * 1000),
        sized_ms: '3000',
        frames: '90',
        width_max: 640,
        height_max: 360,
      },
    ]);
  });

  const codecs: { title: string; ticks: [string, number][]; expected: string }[] = [
    {
      title: 'with most packets in all its ticks',
      ticks: [
        ['VP8', 60],
        ['VP9', 50],
        ['VP9', 50],
      ],
      expected: 'VP9',
    },
    {
      title: 'that comes first by name where packets are equal',
      ticks: [
        ['VP8', 50],
        ['AV1', 50],
      ],
      expected: 'AV1',
    },
    {
      title: 'that is named, though the unnamed have more packets',
      ticks: [
        ['', 500],
        ['VP8', 0],
      ],
      expected: 'VP8',
    },
    { title: 'of no name only where none is named', ticks: [['', 5]], expected: '' },
  ];
  for (const { title, ticks, expected } of codecs) {
    it(`takes the codec ${title}`, async () => {
      const project = await roomOf(history);
      await history.insert(
        'media_samples',
        ticks.map(([codec, packets], index) =>
          tick(project, { codec, packets, tick_end: toSeconds(TICK_END_MS + index * 10_000) }),
        ),
      );
      await totalsWritten(history, project);
      assertRows(await totalsOf(history, project), [{ codec: expected }]);
    });
  }

  it("clamps a sum to its column's limits", async () => {
    const project = await roomOf(history);
    const most = {
      bytes: UINT64_MAX,
      rtt_us_sum: UINT64_MAX,
      packets_arrived: UINT64_MAX,
      freezes: 4_294_967_295,
    };
    await history.insert(
      'media_samples',
      [0, 1].flatMap((index) => {
        const at = { tick_end: toSeconds(TICK_END_MS + index * 10_000) };
        return [
          tick(project, { ...at, ...most, packets_lost: '9223372036854775807', direction: 'recv' }),
          tick(project, { ...at, ...most, packets_lost: '-9223372036854775808' }),
        ];
      }),
    );
    await totalsWritten(history, project);
    const stopped = {
      bytes: UINT64_MAX,
      bitrate_sq_ms: UINT64_MAX,
      rtt_us_sum: UINT64_MAX,
      freezes: 4_294_967_295,
    };
    assertRows(await totalsOf(history, project), [
      { ...stopped, direction: 'recv', packets_lost: '9223372036854775807' },
      { ...stopped, direction: 'send', packets_lost: '-9223372036854775808' },
    ]);
  });

  it('writes nothing the second time, and later only the row that a late tick changes, one version higher', async () => {
    const project = await roomOf(history, { version: 4 });
    await history.insert('media_samples', [tick(project, {}), tick(project, { direction: 'recv' })]);
    assert.equal(await totalsWritten(history, project), 2);
    assert.equal(await totalsWritten(history, project), 0);
    await history.insert('media_samples', [tick(project, { tick_end: toSeconds(TICK_END_MS + 10_000) })]);
    assert.equal(await totalsWritten(history, project), 1);
    assert.equal(await totalsWritten(history, project), 0);
    const expected = [
      { direction: 'recv', version: '4' },
      { direction: 'send', version: '5', active_ms: '20000' },
    ];
    assertRows(await totalsOf(history, project), expected);
  });

  it('gives a changed row the version of its room when that is higher', async () => {
    const project = await roomOf(history, { version: 1 });
    await history.insert('media_samples', [tick(project, {})]);
    await totalsWritten(history, project);
    await insertRoom(history, project, { version: 9 });
    assert.equal(await totalsWritten(history, project), 0);
    await history.insert('media_samples', [
      tick(project, { bytes: 1, tick_end: toSeconds(TICK_END_MS + 10_000) }),
    ]);
    await totalsWritten(history, project);
    assertRows(await totalsOf(history, project), [{ version: '9' }]);
  });

  it('keeps totals that have no ticks', async () => {
    const project = await roomOf(history);
    const whose = {
      project_id: project,
      finalized_at: toSeconds(FINALIZED_MS),
      session_id: 's1',
      peer_id: 'elsewhere',
    };
    await history.insert('track_totals', [
      { ...whose, media: 'audio', direction: 'send', version: 1, bytes: 77 },
    ]);
    await history.insert('media_samples', [tick(project, {})]);
    assert.equal(await totalsWritten(history, project), 1);
    const expected = [{ peer_id: 'elsewhere', bytes: '77' }, { peer_id: 'peer' }];
    assertRows(await totalsOf(history, project), expected);
  });

  it('touches only rooms of the given project and time, and only the named rooms of those', async () => {
    const project = await roomOf(history);
    const other = await roomOf(history);
    await insertRoom(history, project, { sessionId: 's2' });
    await insertRoom(history, project, { sessionId: 'later', finalizedMs: FINALIZED_MS + 1 });
    await history.insert('media_samples', [
      ...['s1', 's2', 'later', 'open'].map((session_id) => tick(project, { session_id })),
      tick(other, { bytes: 5 }),
    ]);
    assert.equal(await totalsWritten(history, project, []), 0);
    assert.equal(await totalsWritten(history, project, ['s2', 'later', 'open']), 1);
    assertRows(await totalsOf(history, project), [{ session_id: 's2' }]);
    assert.equal(await totalsWritten(history, project), 1);
    assertRows(await totalsOf(history, project), [{ session_id: 's1' }, { session_id: 's2' }]);
    assert.deepEqual(await totalsOf(history, other), []);
  });
});

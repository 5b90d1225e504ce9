// Method: the same dumps are imported into the real ClickHouse twice, in parts, in any order, cut short and
// completed; the content of all tables afterwards is compared with that of one whole import.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { importFiles } from '../../importers/import-files.ts';
import type { ImportOptions } from '../../importers/import-files.ts';
import { makeHistoryDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import { contentOf, FINALIZED_MS, makeDumpFolder, totalsOf } from './import-database.ts';
import type { DumpFolder } from './import-database.ts';

const DEMO = fileURLToPath(new URL('../../recorder/demo-call.jsonl.gz', import.meta.url));
const AT = 1_700_000_000_000;

describe('importing again', () => {
  let history: HistoryDatabase;
  let dumps: DumpFolder;
  before(async () => {
    history = await makeHistoryDatabase();
    dumps = await makeDumpFolder();
  });
  after(async () => {
    await history.drop();
    await dumps.remove();
  });
  const importInto = (projectId: string, paths: readonly string[], options: Partial<ImportOptions> = {}) =>
    importFiles(history.connection, paths, { projectId, finalizedAtMs: FINALIZED_MS, ...options });
  const without = async (projectId: string) => {
    const content = await contentOf(history, projectId);
    const kept = Object.entries(content).filter(([table]) => !table.startsWith('rows of '));
    const strip = ({ project_id, version, ...row }: Record<string, unknown>): object => {
      assert.ok(project_id === projectId && version !== null);
      return row;
    };
    return Object.fromEntries(kept.map(([table, rows]) => [table, rows.map(strip)]));
  };

  it('adds no row and no version, even for a copy compressed differently and imported at another time', async () => {
    const first = await importInto('twice', [DEMO]);
    assert.deepEqual([first.roomsWritten, first.peersWritten, first.files[0]?.wasAlreadyIn], [1, 3, false]);
    const content = await contentOf(history, 'twice');
    const plain = await dumps.write('plain.jsonl', gunzipSync(readFileSync(DEMO)));
    const again = await importInto('twice', [DEMO, plain, DEMO], { finalizedAtMs: FINALIZED_MS + 5000 });
    assert.deepEqual([again.roomsWritten, again.peersWritten], [0, 0]);
    assert.ok(again.files.every(({ wasAlreadyIn }) => wasAlreadyIn));
    assert.deepEqual([...again.finalizedAtMs.values()], [FINALIZED_MS]);
    assert.deepEqual(await contentOf(history, 'twice'), content);
  });

  it('adds nothing when times in the dump are fractions of milliseconds', async () => {
    const lines = [
      { type: 'call', room_id: 'fractions' },
      { type: 'join', peer: 'ada', at: AT + 0.25 },
      { peer: 'ada', connection: 'c', at: AT + 1000.75, reports: [inbound(10, AT + 1000.75)] },
      { type: 'leave', peer: 'ada', at: AT + 2000.125 },
    ];
    const path = await dumps.write('fractions.jsonl', lines.map((line) => JSON.stringify(line)).join('\n'));
    await importInto('fractions', [path]);
    const content = await contentOf(history, 'fractions');
    assert.equal(content.rooms?.length, 1);
    const again = await importInto('fractions', [path]);
    assert.deepEqual([again.roomsWritten, again.peersWritten], [0, 0]);
    assert.deepEqual(await contentOf(history, 'fractions'), content);
  });

  it('gives for a truncated and then the whole dump the same as for the whole dump alone', async () => {
    const lines = gunzipSync(readFileSync(DEMO)).toString('utf8');
    for (const share of [0.3, 0.6, 0.9]) {
      const cut = await dumps.write(`cut-${share}.jsonl`, lines.slice(0, Math.floor(lines.length * share)));
      await importInto('cut', [cut]);
    }
    await importInto('cut', [DEMO]);
    await importInto('whole', [DEMO]);
    assert.deepEqual(await without('cut'), await without('whole'));
    const late = await dumps.write('late.jsonl', lines.slice(0, Math.floor(lines.length * 0.4)));
    const again = await importInto('cut', [late]);
    assert.deepEqual([again.roomsWritten, again.files[0]?.wasAlreadyIn], [0, true]);
  });

  it('gives for a dump with damaged times and then the intact one the same as for the intact one alone', async () => {
    const intact = clientDump({ user: 'ada', room: 'mended', fromMs: AT, toMs: AT + 9000 });
    const damaged = intact
      .replaceAll(String(AT + 5000), String(AT + 5333))
      .replaceAll(String(AT + 9000), String(AT + 8999));
    await importInto('mended', [await dumps.write('mended-1.jsonl', damaged)]);
    const path = await dumps.write('mended-2.jsonl', intact);
    await importInto('mended', [path]);
    await importInto('intact', [path]);
    assert.deepEqual(await without('mended'), await without('intact'));
  });

  it('makes the same room of files imported one by one, in any order, as of files imported together', async () => {
    const files = await Promise.all([
      dumps.write('ada.jsonl', clientDump({ user: 'ada', fromMs: AT, toMs: AT + 60_000 })),
      dumps.write('ben.jsonl', clientDump({ user: 'ben', fromMs: AT + 20_000, toMs: AT + 90_000 })),
      dumps.write('cleo.jsonl', clientDump({ user: 'cleo', fromMs: AT + 80_000, toMs: AT + 99_000 })),
      dumps.write('ada-2.jsonl', clientDump({ user: 'ada', fromMs: AT + 70_000, toMs: AT + 90_000 })),
    ]);
    await importInto('together', files);
    const expected = await without('together');
    assert.equal(expected.rooms?.length, 1);
    assert.equal(expected.peers?.length, 3);
    for (const [index, order] of [files, [...files].reverse()].entries()) {
      for (const file of order) await importInto(`order-${index}`, [file]);
      const found = await without(`order-${index}`);
      const sessions = new Set(found.rooms?.map((row) => 'session_id' in row && row.session_id));
      assert.equal(sessions.size, 1);
      assert.deepEqual(withoutSession(found), withoutSession(expected), `order ${index}`);
    }
  });

  it('completes an import that was stopped after any step', async () => {
    await importInto('steps', [DEMO]);
    const expected = await without('steps');
    for (const stage of ['reading', 'writing ticks'] as const) {
      const stop = new AbortController();
      const stopped = importInto(`stopped ${stage}`, [DEMO], {
        signal: stop.signal,
        threads: 1,
        progress: (now, done, total) => {
          if (now === stage && done === total) stop.abort(new Error('stopped here'));
        },
      });
      await assert.rejects(stopped, /stopped here|aborted/);
      assert.deepEqual((await contentOf(history, `stopped ${stage}`)).rooms, []);
      await importInto(`stopped ${stage}`, [DEMO]);
      assert.deepEqual(await without(`stopped ${stage}`), expected, stage);
    }
  });

  it('keeps two projects separate that have the same rooms, sessions and peers', async () => {
    await importInto('here', [DEMO]);
    const here = await contentOf(history, 'here');
    await importInto('there', [DEMO], { finalizedAtMs: FINALIZED_MS + 1 });
    assert.deepEqual(await contentOf(history, 'here'), here);
    assert.deepEqual(await totalsOf(history, 'there'), await totalsOf(history, 'here'));
  });

  it('gives two rooms of different names two sessions even when their dumps have the same meeting id', async () => {
    const paths = [];
    for (const room of ['first', 'second', 'third'])
      paths.push(
        await dumps.write(
          `meeting-${room}.jsonl`,
          clientDump({ user: 'ada', room, meeting: 'm-1', fromMs: AT, toMs: AT + 5000 }),
        ),
      );
    const [first = '', ...others] = paths;
    await importInto('meetings', [first]);
    await importInto('meetings', others);
    const { rooms = [] } = await contentOf(history, 'meetings');
    assert.deepEqual(
      rooms.map(({ session_id, room_id }) => [session_id, room_id]),
      [
        ['m-1', 'first'],
        ['m-1-second', 'second'],
        ['m-1-third', 'third'],
      ],
    );
  });

  it('finds rooms and peers again whatever characters their names contain', async () => {
    const names = [
      `it's "a" \\ test`,
      'tab\tand\nline',
      'nul\u0000',
      '😀 Ünï',
      'half \ud800 pair',
      `${'x'.repeat(999)}é`,
      '\\N',
    ];
    const paths = [];
    for (const [index, name] of names.entries())
      paths.push(
        await dumps.write(
          `name-${index}.jsonl`,
          clientDump({ user: name, room: name, meeting: `m ${name}`, fromMs: AT, toMs: AT + 5000 }),
        ),
      );
    await importInto('names', paths);
    const content = await contentOf(history, 'names');
    const expected = names.map((name) => name.replace('\ud800', '\ufffd'));
    assert.deepEqual(new Set(content.rooms?.map(({ room_id }) => room_id)), new Set(expected));
    assert.deepEqual(new Set(content.track_totals?.map(({ peer_id }) => peer_id)), new Set(expected));
    const again = await importInto('names', paths);
    assert.deepEqual([again.roomsWritten, again.peersWritten], [0, 0]);
    assert.deepEqual(await contentOf(history, 'names'), content);
  });

  it('accepts a folder of hundreds of small dumps, with times spread over more than a hundred months', async () => {
    const folder = await makeDumpFolder();
    try {
      for (let index = 0; index < 300; index += 1) {
        const fromMs = AT + index * 32 * 24 * 3600 * 1000;
        const dump = clientDump({ user: 'ada', room: `room ${index % 150}`, fromMs, toMs: fromMs + 3000 });
        await folder.write(`many-${index}.jsonl.gz`, gzipSync(dump));
      }
      await folder.write('.hidden', 'passed over');
      const { files, roomsWritten } = await importInto('many', [folder.path], { threads: 2 });
      assert.equal(files.length, 300);
      assert.ok(files.every(({ rooms, ticks, error }) => rooms === 1 && ticks === 3 && error === null));
      assert.equal(roomsWritten, 300);
      const totals = await totalsOf(history, 'many');
      assert.deepEqual(totals.get('ada audio recv')?.packets, 300 * 30);
    } finally {
      await folder.remove();
    }
  });
});

function withoutSession(content: Record<string, object[]>): Record<string, object[]> {
  const strip = (row: object): object => ({ ...row, session_id: '' });
  return Object.fromEntries(Object.entries(content).map(([table, rows]) => [table, rows.map(strip)]));
}

interface ClientDump {
  user: string;
  room?: string;
  meeting?: string;
  fromMs: number;
  toMs: number;
}

/** An rtcstats dump of one who receives ten packets a second. */
function clientDump({ user, room = 'Planning', meeting, fromMs, toMs }: ClientDump): string {
  const entries: unknown[][] = [
    ['identity', null, { confName: room, userId: user, meetingUniqueId: meeting }, fromMs],
    ['create', 'PC_0', {}, fromMs],
    ['onconnectionstatechange', 'PC_0', 'connected', fromMs + 100],
  ];
  for (let at = fromMs + 1000, packets = 10; at <= toMs; at += 1000, packets += 10)
    entries.push(['getstats', 'PC_0', { r: inbound(packets, at), timestamp: at }, at]);
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join('');
}

function inbound(packetsReceived: number, timestamp: number): object {
  return {
    id: 'r',
    type: 'inbound-rtp',
    kind: 'audio',
    ssrc: 1,
    packetsReceived,
    bytesReceived: 100 * packetsReceived,
    timestamp,
  };
}

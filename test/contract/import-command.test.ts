// Method: the command line itself, run in this process against the real ClickHouse of the tests and a server
// that is not there; looked at are what it prints, its exit code, and what it leaves behind.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { runCli } from '../../client/cli.ts';
import { EXIT } from '../../client/exit-codes.ts';
import { dropDatabase, makeHistoryDatabase, nameDatabase } from './history-database.ts';
import type { HistoryDatabase } from './history-database.ts';
import { contentOf, makeDumpFolder } from './import-database.ts';
import type { DumpFolder } from './import-database.ts';

const DEMO = fileURLToPath(new URL('../../recorder/demo-call.jsonl.gz', import.meta.url));
const LOSSY = fileURLToPath(new URL('../../recorder/lossy-call.jsonl.gz', import.meta.url));

const dryRunJson = z.object({
  files: z.array(z.object({ path: z.string(), rooms: z.number(), ticks: z.number() })),
  rooms: z.array(z.object({ session_id: z.string(), started_at: z.iso.datetime() })),
  peers: z.array(z.object({ session_id: z.string(), peer_id: z.string() })),
  track_totals: z.array(z.record(z.string(), z.unknown())),
  finished_rooms: z.array(z.object({ room_id: z.string(), peers: z.array(z.unknown()) })),
});

describe('room-streams import', () => {
  let history: HistoryDatabase;
  let dumps: DumpFolder;
  before(async () => {
    history = await makeHistoryDatabase();
    dumps = await makeDumpFolder();
    useDatabase(history.target);
  });
  after(async () => {
    await history.drop();
    await dumps.remove();
  });

  it('reports what each file added, and the second time that everything was already there', async () => {
    const first = await run('import', '--project', 'acme', DEMO, LOSSY);
    assert.equal(first.code, EXIT.done);
    assert.match(
      first.out,
      /demo-call\.jsonl\.gz: getstats, 249 kB: 1 room, 3 peers, 4 sessions, 560 ticks\n/,
    );
    assert.match(first.out, /room weekly-planning \(session demo-call-1\): 3 peers, 2026-/);
    assert.match(first.out, /project acme: 2 rooms and 5 peers written or changed$/);
    const second = await run('import', '--project', 'acme', DEMO);
    assert.equal(second.code, EXIT.done);
    assert.match(second.out, /560 ticks, in the history already\n/);
    assert.match(second.out, /project acme: nothing new$/);
  });

  it('prints only JSON with --json, with the time at which the rooms are finalised', async () => {
    const at = '2026-11-23T10:15:00Z';
    const { code, out, err } = await run('import', '--json', '--project', 'json', '--finalized-at', at, DEMO);
    assert.deepEqual([code, err], [EXIT.done, '']);
    const shown = z
      .object({ files: z.array(z.unknown()), rooms: z.array(z.record(z.string(), z.unknown())) })
      .parse(JSON.parse(out));
    assert.equal(shown.files.length, 1);
    assert.deepEqual(
      shown.rooms.map(({ session_id, finalized_at, peers }) => [session_id, finalized_at, peers]),
      [['demo-call-1', '2026-11-23T10:15:00.000Z', 3]],
    );
  });

  it('imports the valid files, and ends with an error when a named file is no dump or unreadable', async () => {
    const other = await dumps.write('notes.txt', 'not a dump');
    const { code, out, err } = await run('import', '--project', 'mixed', other, DEMO);
    assert.equal(code, EXIT.failed);
    assert.match(out, /notes\.txt: not a dump of a known format, passed over\n/);
    assert.match(out, /project mixed: 1 room and 3 peers written/);
    assert.match(err, /notes\.txt is not a dump of a known format/);
    const folder = await makeDumpFolder();
    await folder.write('LICENSE', 'not a dump either');
    await folder.write('call.gz', readFileSync(DEMO));
    assert.equal((await run('import', '--project', 'mixed-folder', folder.path)).code, EXIT.done);
    await folder.remove();
  });

  it('reports where a dump is damaged, and imports the rest', async () => {
    const lines = gunzipSync(readFileSync(DEMO)).toString('utf8').split('\n');
    lines[40] = '{"peer":"ada", damaged';
    const path = await dumps.write('damaged.jsonl', lines.join('\n'));
    const { code, out } = await run('import', '--project', 'damaged', path);
    assert.equal(code, EXIT.done);
    assert.match(out, /left out: line is not JSON \(line 41\)/);
  });

  it('reports wrong arguments, missing files and empty folders before it does anything', async () => {
    const empty = await makeDumpFolder();
    for (const [args, expected, text] of [
      [['import'], EXIT.usage, /missing required argument 'path'/],
      [['import', '--threads', '0', DEMO], EXIT.usage, /got "0", allowed: whole numbers from 1 to 64/],
      [
        ['import', '--format', 'pcap', DEMO],
        EXIT.usage,
        /got "pcap", allowed: auto, rtcstats, webrtc-internals, getstats/,
      ],
      [['import', '--finalized-at', 'now', DEMO], EXIT.usage, /got "now", allowed: a time with its zone/],
      [['import', '/nowhere/call.jsonl', DEMO], EXIT.notFound, /there is no \/nowhere\/call\.jsonl/],
      [['import', empty.path], EXIT.notFound, /there is no file in/],
    ] as const) {
      const { code, err } = await run(...args);
      assert.equal(code, expected, args.join(' '));
      assert.match(err, text);
    }
    await empty.remove();
  });

  it('explains in one sentence a problem with ClickHouse, its password or its tables', async () => {
    const unmade = await nameDatabase();
    const bare = await nameDatabase();
    await history.connection.command({ query: `CREATE DATABASE ${bare.database}` });
    for (const [target, expected, text] of [
      [
        { ...history.target, url: 'http://127.0.0.1:9' },
        EXIT.unreachable,
        /^no ClickHouse answers at http:\/\/127\.0\.0\.1:9/,
      ],
      [
        { ...history.target, password: 'wrong' },
        EXIT.usage,
        /refuses user admin: the name or the password is wrong$/,
      ],
      [unmade, EXIT.usage, /has no database .*; room-streams migrate makes it$/],
      [bare, EXIT.usage, /has not the tables of the history; room-streams migrate makes them$/],
    ] as const) {
      useDatabase(target);
      const { code, err } = await run('import', DEMO);
      assert.equal(code, expected, err);
      assert.match(err, text);
    }
    useDatabase(history.target);
    await dropDatabase(bare);
  });

  it('shows in a dry run without servers what the real import writes, and leaves nothing behind', async () => {
    const temporary = await makeDumpFolder();
    const usual = process.env.TMPDIR;
    process.env.TMPDIR = temporary.path;
    useDatabase({ ...history.target, url: 'http://127.0.0.1:9' });
    const { code, out, err } = await run('import', '--dry-run', '--json', '--project', 'dry', DEMO, LOSSY);
    useDatabase(history.target);
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
    assert.deepEqual([code, err], [EXIT.done, '']);
    assert.deepEqual(
      readdirSync(temporary.path).filter((name) => name.startsWith('room-streams-')),
      [],
    );
    await temporary.remove();
    const shown = dryRunJson.parse(JSON.parse(out));
    assert.deepEqual(
      shown.finished_rooms.map(({ room_id, peers }) => [room_id, peers.length]),
      [
        ['weekly-planning', 3],
        ['lossy-line', 2],
      ],
    );
    await run('import', '--project', 'real', DEMO, LOSSY);
    const real = await contentOf(history, 'real');
    const totals = real.track_totals?.map(({ project_id, finalized_at, version, ...row }) => {
      assert.ok(project_id === 'real' && finalized_at !== null && version !== null);
      return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)]));
    });
    const dryTotals = shown.track_totals.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
    );
    assert.deepEqual(dryTotals, totals);
    assert.equal(shown.peers.length, 5);
  });

  it('shows progress on a rewritten line in a terminal, and as plain lines in a pipe', async () => {
    // Long enough to be seen: the line appears after a tenth of a second.
    const big = await dumps.write('big.jsonl', gunzipSync(readFileSync(DEMO)).toString('utf8').repeat(60));
    const rewritten: string[] = [];
    await run('import', '--project', 'progress', big, (text) => rewritten.push(text));
    assert.ok(
      rewritten.some((text) => /^reading \[#*-*\] \d+ %, .* of \d+ MB, .*\/s/.test(text)),
      rewritten.join('|'),
    );
    assert.equal(rewritten.at(-1), '');
  });
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

/** Runs a command; a function among the arguments stands for a terminal. */
async function run(...args: readonly (string | ((text: string) => void))[]): Promise<Ended> {
  const out: string[] = [];
  const err: string[] = [];
  const rewrite = args.find((arg) => typeof arg === 'function');
  const code = await runCli(
    args.filter((arg) => typeof arg === 'string'),
    {
      out: (text) => out.push(text),
      err: (text) => err.push(text),
      ...(rewrite === undefined ? {} : { rewrite }),
    },
  );
  return { code, out: out.join('\n'), err: err.join('\n') };
}

function useDatabase(target: { url: string; database: string; user: string; password: string }): void {
  Object.assign(process.env, {
    CLICKHOUSE_URL: target.url,
    CLICKHOUSE_DATABASE: target.database,
    CLICKHOUSE_ADMIN_USER: target.user,
    CLICKHOUSE_ADMIN_PASSWORD: target.password,
  });
}

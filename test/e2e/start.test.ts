// `npm start` as a newcomer types it, in a folder of its own: the file and its manifest lie where it says,
// the second start finds what the first one left, and Ctrl-C in the middle ends everything.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { parseManifest } from '../../activities/manifests/manifest-record.ts';
import { isPortFree } from '../../local/free-ports.ts';
import { runProgram, startProgram } from '../../local/run-program.ts';

const parent = mkdtempSync(join(tmpdir(), 'room-streams-start-'));
after(() => rmSync(parent, { recursive: true, force: true }));
const environment = { LOCAL_STACK_DIR: join(parent, 'stack') };

describe('npm start', () => {
  it('leaves a complete file and its manifest under their keys, and ends with code 0', async () => {
    const out = join(parent, 'out');
    const ended = await runProgram('local/start.ts', ['--once', '--out', out, '--rooms', '20'], environment);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    const paths = [...ended.stdout.matchAll(/wrote (\S+)/g)].map(([, path = '']) => path);
    assert.equal(paths.length, 2);
    const [manifestPath = '', filePath = ''] = paths;
    assert.ok(manifestPath.startsWith(join(out, '_manifests')) && existsSync(filePath));
    const manifest = parseManifest(readFileSync(manifestPath), manifestPath);
    const file = readFileSync(filePath);
    assert.equal(filePath, join(out, manifest.key));
    assert.equal(crc32(file).toString(16).padStart(8, '0'), manifest.raw_crc32);
    const rooms: unknown = JSON.parse(file.toString());
    assert.ok(Array.isArray(rooms) && rooms.length === 21);
    for (const stage of ['planning', 'exporting', 'completing'])
      assert.match(ended.stdout, new RegExp(`^ {4}${stage}`, 'm'));
    assert.match(ended.stdout, /"room_id": "weekly-planning"/);
    assert.match(ended.stdout, /curl -so \S+\.json 'http:\/\/127\.0\.0\.1:\d+\/room-streams\/rooms\/demo\//);
    assert.match(ended.stdout, /http:\/\/127\.0\.0\.1:\d+\/namespaces\/default\/workflows\/export%3Ademo-/);
  });

  it('finds at the second start what the first one left, and runs until it is stopped', async () => {
    const program = startProgram('local/start.ts', [], environment);
    const [, url = ''] = await program.printed(/curl -so \S+\.json '([^']+)'/);
    await program.printed(/Ctrl-C ends everything/);
    assert.match(program.stdout(), /stream demo there already/);
    const fetched = await fetch(url);
    assert.equal(fetched.status, 200);
    assert.ok(Array.isArray(JSON.parse(await fetched.text())));
    const [, cli = ''] =
      /^ {2}node (--env-file=\S+) bin\/room-streams\.mjs stream list$/m.exec(program.stdout()) ?? [];
    assert.ok(existsSync(cli.replace('--env-file=', '')));
    program.kill('SIGINT');
    assert.equal((await program.ended).code, 0);
    assert.ok(await isPortFree(Number(new URL(url).port)));
  });

  it('ends cleanly when it is stopped in the middle', async () => {
    const program = startProgram('local/start.ts', [], { LOCAL_STACK_DIR: join(parent, 'stopped') });
    await program.printed(/stack ready/);
    program.kill('SIGINT');
    const ended = await program.ended;
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stdout, /stopping/);
  });

  it('ends cleanly when the reader of its output goes away', async () => {
    const program = startProgram('local/start.ts', [], { LOCAL_STACK_DIR: join(parent, 'unread') });
    await program.printed(/stack ready/);
    program.hangUp();
    const { code, stderr } = await program.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });

  it('refuses invalid options and says what is allowed', async () => {
    const ended = await runProgram('local/start.ts', ['--rooms', 'many'], environment);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /got "many", allowed: a whole number from 0 to 5000000/);
  });
});

// The embedded stack: real servers, several stacks at once, gone with their parent, and one clear sentence
// for whatever stops them.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { isPortFree } from '../../local/free-ports.ts';
import { findSeaweed } from '../../local/seaweedfs.ts';
import { startStack } from '../../local/stack.ts';
import type { StackAddresses } from '../../local/stack.ts';
import { startProgram } from '../../local/run-program.ts';
import { until } from '../../local/until.ts';

const parent = mkdtempSync(join(tmpdir(), 'room-streams-stacks-'));
after(() => rmSync(parent, { recursive: true, force: true }));

describe('the embedded stack', () => {
  it('runs twice at the same time, each with its own data', async () => {
    const starts = ['a', 'b'].map((name) => startStack({ folder: join(parent, name) }));
    try {
      const [one, other] = await Promise.all(starts);
      assert.ok(one !== undefined && other !== undefined);
      await query(one, 'CREATE TABLE default.of_one (a Int8) ENGINE = MergeTree ORDER BY a');
      assert.match(await query(one, 'EXISTS default.of_one'), /^1/);
      assert.match(await query(other, 'EXISTS default.of_one'), /^0/);
    } finally {
      // One that starts after the other failed is stopped, too.
      for (const start of await Promise.allSettled(starts))
        if (start.status === 'fulfilled') await start.value.stop();
    }
  });

  it('keeps its data and passwords for the next start', async () => {
    const folder = join(parent, 'kept');
    const first = await startStack({ folder });
    await query(first, 'CREATE TABLE default.kept (a Int8) ENGINE = MergeTree ORDER BY a');
    await query(first, 'INSERT INTO default.kept VALUES (7)');
    await first.stop();
    const second = await startStack({ folder });
    try {
      assert.equal(await query(second, 'SELECT a FROM default.kept'), '7\n');
      assert.equal(second.store.secretAccessKey, first.store.secretAccessKey);
    } finally {
      await second.stop();
    }
  });

  it('ends when its parent is killed by SIGKILL', async () => {
    const program = startStackProgram('killed');
    const ports = await portsOf(program);
    program.kill('SIGKILL');
    await program.ended;
    await until('all ports are free again', async () =>
      (await Promise.all(ports.map(isPortFree))).every(Boolean) ? true : undefined,
    );
  });

  it('ends cleanly with code 0 on SIGTERM', async () => {
    const program = startStackProgram('stopped');
    const ports = await portsOf(program);
    program.kill('SIGTERM');
    assert.equal((await program.ended).code, 0);
    assert.deepEqual(
      await Promise.all(ports.map(isPortFree)),
      ports.map(() => true),
    );
  });

  it('refuses a folder in which another stack runs, and reports that', async () => {
    const folder = join(parent, 'owned');
    const stack = await startStack({ folder });
    try {
      await assert.rejects(startStack({ folder }), /another stack runs in .*owned \(process \d+\)/);
    } finally {
      await stack.stop();
    }
  });

  it('names the port that is taken, and leaves nothing running', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { code, stderr } = await startStackProgram('taken', { LOCAL_S3_PORT: String(port) }).ended;
    server.close();
    assert.equal(code, 1);
    assert.match(
      stderr,
      new RegExp(`^LOCAL_S3_PORT: got ${port}, on which another process listens; allowed`),
    );
  });

  it('is started again when a port is taken between finding it and listening on it', async () => {
    const program = startStackProgram('port-taken', {
      WEED_PROGRAM: writeProgram('weed', TAKE_PORT_ONCE),
      REAL_WEED: await findSeaweed(),
    });
    await portsOf(program);
    assert.match(
      readFileSync(join(parent, 'port-taken/logs/seaweedfs.log'), 'utf8'),
      /address already in use/,
    );
    program.kill('SIGTERM');
    assert.equal((await program.ended).code, 0);
  });

  it('refuses an invalid port', async () => {
    const { code, stderr } = await startStackProgram('no-port', { LOCAL_TEMPORAL_UI_PORT: '99999' }).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^LOCAL_TEMPORAL_UI_PORT: got "99999", allowed: a port from 1 to 65535/);
  });

  it('reports which server failed to start, and the path of its log', async () => {
    const { code, stderr } = await startStackProgram('failing', { TEMPORAL_PROGRAM: '/bin/false' }).ended;
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^Temporal did not start: it ended with code 1; its log, .*temporal\.log, ends with/,
    );
  });

  it('reports which program is named but does not exist', async () => {
    const { code, stderr } = await startStackProgram('missing', { WEED_PROGRAM: '/no/such/weed' }).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^WEED_PROGRAM: got "\/no\/such\/weed", allowed: a program that may be run/);
  });
});

/** Runs the real program, at the first call with the port of its S3 side taken. */
const TAKE_PORT_ONCE = `#!${process.execPath}
const { existsSync, writeFileSync } = require('node:fs');
const { spawnSync } = require('node:child_process');
const run = () => process.exit(spawnSync(process.env.REAL_WEED, process.argv.slice(2), { stdio: 'inherit' }).status);
const tried = __filename + '.tried';
const port = process.argv.find((word) => word.startsWith('-s3.port=')).split('=')[1];
if (existsSync(tried)) run();
else {
  writeFileSync(tried, '');
  require('node:net').createServer().listen(port, '127.0.0.1', run);
}
`;

/** Returns its path. */
function writeProgram(name: string, text: string): string {
  const file = join(parent, name);
  writeFileSync(file, text, { mode: 0o755 });
  return file;
}

function startStackProgram(name: string, environment: Record<string, string> = {}) {
  return startProgram('local/run-stack.ts', [], { LOCAL_STACK_DIR: join(parent, name), ...environment });
}

async function portsOf(program: ReturnType<typeof startStackProgram>): Promise<number[]> {
  const [text] = await program.printed(/stack ready[\s\S]*object store +http:\S+/);
  const ports = [...text.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
  assert.equal(ports.length, 4);
  return ports;
}

async function query({ clickhouse }: StackAddresses, sql: string): Promise<string> {
  const credentials = Buffer.from(`${clickhouse.adminUser}:${clickhouse.adminPassword}`).toString('base64');
  const answer = await fetch(clickhouse.url, {
    method: 'POST',
    body: sql,
    headers: { authorization: `Basic ${credentials}` },
  });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return text;
}

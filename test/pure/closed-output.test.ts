// The command line where its output ends: a reader that has seen enough, a disk that is full. One code or one sentence, never a stack.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const CLI = fileURLToPath(new URL('../../bin/room-streams.mjs', import.meta.url));

describe('the output of a command', () => {
  it('ends the command without a word when nobody reads it any more', async () => {
    const child = spawn(process.execPath, [CLI, 'stream', 'create', '--help'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const told = read(child.stderr);
    const [code] = (await once(child, 'close')) as [number | null];
    assert.deepEqual({ code, told: await told }, { code: 141, told: '' });
  });

  it('says that it cannot be written when the disk is full', { skip: noFullDisk() }, async () => {
    const full = openSync('/dev/full', 'w');
    const child = spawn(process.execPath, [CLI, '--help'], { stdio: ['ignore', full, 'pipe'] });
    closeSync(full);
    const told = read(child.stderr as NonNullable<typeof child.stderr>);
    const [code] = (await once(child, 'close')) as [number | null];
    assert.equal(code, 1);
    assert.match(await told, /^the output cannot be written: ENOSPC[^\n]*\n$/);
  });
});

function noFullDisk(): string | false {
  return process.platform === 'linux' ? false : 'only Linux has a device that is always full';
}

async function read(stream: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk.toString();
  return text;
}

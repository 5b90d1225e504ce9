// The command line where its output ends: a reader that has seen enough, a disk that is full. One code or one
// sentence, never a stack.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startProgram } from '../../../local/run-program.ts';

const CLI = 'bin/room-streams.mjs';

describe('the output of a command', () => {
  it('ends the command silently when its reader has closed the pipe', async () => {
    const program = startProgram(CLI, ['stream', 'create', '--help']);
    program.hangUp();
    const { code, stderr } = await program.ended;
    assert.deepEqual({ code, stderr }, { code: 141, stderr: '' });
  });

  it('reports that it cannot be written when the disk is full', { skip: noFullDisk() }, () => {
    const cli = fileURLToPath(new URL(`../../../${CLI}`, import.meta.url));
    const full = openSync('/dev/full', 'w');
    const { status, stderr } = spawnSync(process.execPath, [cli, '--help'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    closeSync(full);
    assert.equal(status, 1);
    assert.match(stderr, /^the output cannot be written: ENOSPC[^\n]*\n$/);
  });
});

function noFullDisk(): string | false {
  return process.platform === 'linux' ? false : 'only Linux has a device that is always full';
}

// The worker and the command line as processes with a broken environment: exit code 2 and every problem at
// once, with no secret among them and nothing tried.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { ROOT } from '../../deployment-files.ts';

const BROKEN = {
  TEMPORAL_ADDRESS: 'nowhere',
  CLICKHOUSE_URL: 'http://exporter:planted-password@history:8123',
  CLICKHOUSE_ADMIN_USER: 'an administrator',
  DESTINATIONS: 'files',
  DESTINATION_FILES_ENDPOINT: 'https://store.example:9000',
  DESTINATION_FILES_BUCKET: 'B',
  DESTINATION_FILES_CREDENTIALS: 'aws',
  DESTINATION_FILES_ACCESS_KEY_ID: 'planted-key',
  DESTINATION_FILES_SECRET_ACCESS_KEY: 'planted-secret',
};

describe('a program with a broken environment', () => {
  it('makes the worker exit with code 2 and list every problem', () => {
    assert.deepEqual(problemsOf(['--import', 'tsx', 'worker/main.ts']), [
      'TEMPORAL_ADDRESS',
      'CLICKHOUSE_URL',
      'DESTINATION_FILES_BUCKET',
      'DESTINATION_FILES_ACCESS_KEY_ID',
      'DESTINATION_FILES_SECRET_ACCESS_KEY',
    ]);
  });

  it('makes the command line exit with code 2 and list every problem that concerns it', () => {
    assert.deepEqual(problemsOf(['bin/room-streams.mjs', 'stream', 'list']), ['TEMPORAL_ADDRESS']);
  });

  it('makes a migration fail before it changes anything', () => {
    assert.deepEqual(problemsOf(['bin/room-streams.mjs', 'migrate']), [
      'CLICKHOUSE_URL',
      'CLICKHOUSE_ADMIN_USER',
      'TEMPORAL_ADDRESS',
    ]);
    assert.deepEqual(problemsOf(['bin/room-streams.mjs', 'migrate', '--no-temporal']), [
      'CLICKHOUSE_URL',
      'CLICKHOUSE_ADMIN_USER',
    ]);
  });
});

/** The variables that a program names as it ends with 2. */
function problemsOf(args: readonly string[]): string[] {
  const env = { PATH: process.env['PATH'], ...BROKEN };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  assert.equal(status, 2, stderr);
  assert.equal(stdout, '');
  assert.doesNotMatch(stderr, /planted/);
  const [head = '', ...problems] = stderr.trimEnd().split('\n');
  assert.match(head, new RegExp(`^configuration: ${problems.length} problems?$`));
  return problems.map((problem) => /^ {2}([A-Z_]+): got .*, allowed: ./.exec(problem)?.[1] ?? problem);
}

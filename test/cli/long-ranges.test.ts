// Ranges and dates at the edges of what a stream can have: what does not exist is refused before anything is
// made, and what exists is backfilled, however long it is.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startBackfill } from '../../client/backfills.ts';
import { readProgress } from '../../client/follow-workflow.ts';
import { listStreamNames } from '../../client/streams.ts';
import type { BackfillProgress } from '../../workflows/backfill/contract.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { until } from '../../local/until.ts';
import { cli, createArgs } from './stream-tools.ts';

describe('a date that no stream can have', () => {
  it('is refused by every command before a server is asked: exit code 2', () =>
    withExportBench(
      async (bench) => {
        const name = bench.unique('dates');
        for (const date of ['2026-02-30T00:00:00Z', '0000-01-01T00:00:00Z', '3000-01-01T00:00:00Z'])
          for (const command of [
            createArgs(name, ['--from', date]),
            createArgs(name, ['--until', date]),
            ['stream', 'update', name, '--until', date],
            ['stream', 'update', name, '--every', '2h', '--at', date],
            ['stream', 'trigger', name, '--end', date],
            ['run', 'show', name, date],
            ['run', 'retry', name, date],
            ['backfill', name, '--from', date, '--to', '2026-03-02T00:00:00Z'],
            ['backfill', name, '--from', '2026-02-01T00:00:00Z', '--to', date],
            ['audit', name, '--from', date, '--to', '2026-03-02T00:00:00Z'],
            ['verify', '--stream', name, '--end', date],
            ['analyse', '--project', name, '--from', date, '--to', '2026-03-02T00:00:00Z'],
          ]) {
            const ended = await cli(bench, ...command);
            assert.ok(
              ended.stderr.includes(`got "${date}", allowed: a time with its zone`),
              `${command.join(' ')}: ${ended.stderr}`,
            );
            assert.equal(ended.code, 2, command.join(' '));
          }
        assert.ok(!(await listStreamNames(bench.connected)).includes(name));
      },
      { startsWorker: false },
    ));
});

describe('a range of very many intervals', () => {
  it('is processed page by page by a backfill, which reports how many intervals there are', () =>
    withExportBench(async (bench) => {
      const stream = makeStream(bench.unique('ages'), { everySeconds: 60 });
      const range = { startMs: 0, endMs: HOUR.endMs };
      const { handle } = await startBackfill(bench.connected, { stream, range, isDryRun: true });
      const progress = await until('two pages are looked at', async () => {
        const found = await readProgress<BackfillProgress>(handle);
        return found !== null && found.missing > 1_000 ? found : undefined;
      });
      assert.equal(progress.total, range.endMs / 60_000);
      assert.equal(progress.state, 'running');
      await handle.cancel();
    }));
});

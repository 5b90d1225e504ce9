// What `room-streams audit` says of what cannot be audited.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSchedule } from '../../client/streams.ts';
import { withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { cli } from './stream-tools.ts';

describe('room-streams audit', () => {
  it('reports what is wrong with its arguments', () =>
    withExportBench(
      async (bench) => {
        const name = bench.unique('wrong');
        await createSchedule(bench.connected, makeStream(name));
        const from = ['--from', '2026-11-23T10:00:00Z'];
        const cases: [args: string[], said: RegExp, code: number][] = [
          [['audit'], /^name: got none/, 2],
          [['audit', name, ...from], /^to: got none, allowed: a time with its zone/, 2],
          [
            ['audit', name, ...from, '--to', '2026-11-23T10:10:00Z'],
            /^to: .*nearest are 2026-11-23T10:00:00Z and 2026-11-23T11:00:00Z/,
            2,
          ],
          [
            ['audit', name, ...from, '--to', '2999-01-01T00:00:00Z'],
            /^to: .*nothing after the last interval that is over/,
            2,
          ],
          [['audit', name, ...from, '--to', 'today'], /'--to <time>'.*a time with its zone/, 2],
          [
            ['audit', 'nobody', ...from, '--to', '2026-11-23T11:00:00Z'],
            /^stream: got "nobody", which does not exist/,
            3,
          ],
          [['audit', 'schedule', name, '--at', '24:00'], /'--at <time>'.*allowed: a time of day in UTC/, 2],
          [
            ['audit', 'schedule', name, '--at', '03:00', '--back', '30m'],
            /^back: got 30m, allowed: at least one interval of the stream, 1h/,
            2,
          ],
          [
            ['audit', 'schedule', name, '--at', '03:00', '--back', '999d'],
            /'--back <duration>'.*allowed: 1m to 366d/,
            2,
          ],
          [
            ['audit', 'schedule', 'nobody', '--at', '03:00'],
            /^stream: got "nobody", which does not exist/,
            3,
          ],
          [['audit', 'unschedule', name], /which has no nightly audit/, 3],
        ];
        for (const [args, said, code] of cases) {
          const ended = await cli(bench, ...args);
          assert.match(ended.stderr, said);
          assert.equal(ended.code, code, ended.stderr);
        }
      },
      { startsWorker: false },
    ));
});

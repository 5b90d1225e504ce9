// What can be told to be wrong before a run is told at the command: keys that no store takes, prefixes of
// others, intervals that a stream does not have. Real servers.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listStreamNames } from '../../client/streams.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import { cli, createArgs, fileIsThere } from './stream-tools.ts';

describe('a stream with unusable keys', () => {
  it('is refused by create, update and apply, with what is allowed: exit code 2', () =>
    withExportBench(async (bench) => {
      const [name, kept] = [bench.unique('keys'), bench.unique('kept')];
      assert.equal((await cli(bench, ...createArgs(kept))).code, 0);
      const long = 'x'.repeat(890);
      for (const [options, says] of [
        [
          ['--prefix', '_manifests/'],
          /which make keys under _manifests\/, where destination local keeps its manifests/,
        ],
        [
          ['--prefix', '_manifests/x/'],
          /where destination local keeps its manifests; allowed: keys outside of it/,
        ],
        [['--key-template', '_manifests/{start}'], /where destination local keeps its manifests/],
        [['--key-template', `${long}/{start}`], /which make keys as .* with 907 bytes, allowed: 1 to 900/],
        [['--prefix', `${long}/`], /which make keys as .* bytes, allowed: 1 to 900/],
        [['--prefix', 'a/../b/'], /prefix: got "a\/\.\.\/b\/", allowed: what keys begin with/],
        [['--prefix', 'a//b/'], /prefix: got "a\/\/b\/", allowed: what keys begin with/],
        [
          ['--prefix', 'a/', '--key-template', '{prefix}/{start}'],
          /make keys as "a\/\/.* with a segment that is empty/,
        ],
      ] as [string[], RegExp][]) {
        for (const command of [createArgs(name, options), ['stream', 'update', kept, ...options]]) {
          const ended = await cli(bench, ...command);
          assert.match(ended.stderr, says, command.join(' '));
          assert.equal(ended.code, 2, command.join(' '));
        }
      }
      assert.ok(!(await listStreamNames(bench.connected)).includes(name));
      // Beside the manifests, and not among them.
      assert.equal((await cli(bench, ...createArgs(name, ['--prefix', '_manifests-of-mine/']))).code, 0);
      for (const each of [name, kept]) assert.equal((await cli(bench, 'stream', 'delete', each)).code, 0);
    }));
});

describe('room-streams preflight', () => {
  it('refuses a prefix under which no key can begin, and reports one that is among the manifests', () =>
    withExportBench(async (bench) => {
      for (const prefix of ['../x/', './x/', 'x//', '/x', 'x\\y/', '{x}/', 'x'.repeat(901)]) {
        const ended = await cli(bench, 'preflight', '--prefix', prefix);
        assert.match(
          ended.stderr,
          /'--prefix <prefix>'.* got .*, allowed: what keys begin with, as rooms\/: /,
        );
        assert.equal(ended.code, 2, prefix);
      }
      const among = await cli(bench, 'preflight', '--prefix', '_manifests/');
      assert.match(
        among.stdout,
        /FAILED +_manifests\/: apart from manifests .*; allowed: a prefix outside of _manifests\//,
      );
      assert.equal(among.code, 1);
    }));
});

describe('room-streams verify', () => {
  it('refuses a key that no file can have, without asking a server: exit code 2', () =>
    withExportBench(
      async (bench) => {
        for (const [key, says] of [
          ['../../etc/passwd', 'a segment "." or ".."'],
          ['/etc/passwd', 'a leading slash'],
          ['a//b.json', 'a segment that is empty ("//")'],
          ['a/', 'a slash at its end'],
          ['', '0 bytes'],
          ['x'.repeat(901), '901 bytes'],
        ] as const) {
          const ended = await cli(bench, 'verify', key, '--destination', 'local');
          assert.ok(ended.stderr.startsWith(`key: got ${says}, allowed: `), ended.stderr);
          assert.equal(ended.code, 2, key);
        }
      },
      { startsWorker: false },
    ));

  it('accepts the last interval of a stream that has ended, and refuses one after it', () =>
    withExportBench(async (bench) => {
      const name = bench.unique('over');
      const [from, until] = [toRfc3339(HOUR.startMs), toRfc3339(HOUR.endMs)];
      assert.equal((await cli(bench, ...createArgs(name, ['--from', from, '--until', until]))).code, 0);
      await fileIsThere(bench, makeStream(name, { project: 'p' }), HOUR);
      const last = await cli(bench, 'verify', '--stream', name, '--json');
      assert.equal(last.code, 0, last.stderr);
      assert.equal(
        (JSON.parse(last.stdout) as { manifest: { interval_end: string } }).manifest.interval_end,
        until,
      );
      const after = toRfc3339(HOUR.endMs + 3_600_000);
      const refused = await cli(bench, 'verify', '--stream', name, '--end', after);
      assert.equal(
        refused.stderr,
        `end: got ${after}, allowed: ${until}, where stream ${name} ends, or before\n`,
      );
      assert.equal(refused.code, 2);
      assert.equal((await cli(bench, 'stream', 'delete', name)).code, 0);
    }));
});

// Files of streams on the real stack: what a dry run shows, what is made of it, and that a second time
// changes nothing.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { runCli } from '../../client/cli.ts';
import { deleteSchedule, listStreamNames, readStream } from '../../client/streams.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import { lastSettings } from '../../workflows/model/revise-stream.ts';
import { withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';

describe('stream apply', () => {
  it('shows the difference, applies it, and finds none the second time', () =>
    withFile(async (bench, apply) => {
      const [a, b] = [bench.unique('a'), bench.unique('b')];
      const text = (compression: string) => `streams:
  - { name: ${a}, project: p, destination: local, every: 1h, compression: ${compression} }
  - { name: ${b}, project: p, destination: local, every: 15m, jitter: 3s }
`;
      const dry = await apply(text('none'), '--dry-run');
      assert.equal(dry.code, 0, dry.err);
      assert.match(dry.out, new RegExp(`^would create ${a} from \\S+ on\nwould create ${b} from \\S+ on\n`));
      const names = await listStreamNames(bench.connected);
      assert.ok(!names.includes(a) && !names.includes(b));

      assert.match((await apply(text('none'))).out, new RegExp(`^create ${a} .*\ncreate ${b} `));
      assert.equal((await readStream(bench.connected, b)).stream.jitterSeconds, 3);
      assert.match((await apply(text('none'))).out, new RegExp(`^unchanged ${a}\nunchanged ${b}\n`));

      const changing = await apply(text('gzip'), '--dry-run');
      assert.match(
        changing.out,
        new RegExp(`^would update ${a} from \\S+ on\n  compression: none → gzip\nunchanged ${b}\n`),
      );
      assert.equal((await readStream(bench.connected, a)).stream.revisions.length, 1);
      const applied = JSON.parse((await apply(text('gzip'), '--json')).out) as { streams: unknown[] };
      const { stream } = await readStream(bench.connected, a);
      assert.equal(lastSettings(stream).compression, 'gzip');
      assert.deepEqual(applied.streams, [
        {
          name: a,
          action: 'update',
          from: toRfc3339(stream.revisions[1]?.fromMs ?? 0),
          changes: [{ field: 'compression', from: 'none', to: 'gzip' }],
          backfill: null,
        },
        { name: b, action: 'unchanged', from: null, changes: [], backfill: null },
      ]);
      assert.match((await apply(text('gzip'))).out, new RegExp(`^unchanged ${a}\n`));
      for (const name of [a, b]) await deleteSchedule(bench.connected, name);
    }));

  it('changes nothing when one stream of the file is invalid: exit code 2, with the line', () =>
    withFile(async (bench, apply) => {
      const [a, b] = [bench.unique('a'), bench.unique('b')];
      const same = `destination: local, prefix: ${a}/, key-template: '{prefix}{start}.{ext}'`;
      const { code, err } = await apply(`streams:
  - { name: ${a}, project: p, ${same} }
  - { name: ${b}, project: p, ${same} }
  - { name: c, project: p, destination: moon }
`);
      assert.equal(code, 2);
      assert.match(
        err,
        new RegExp(
          `streams\\.yaml:3: ${b}: prefix, key-template: got keys that stream "${a}" writes to the same bucket`,
        ),
      );
      assert.match(err, /streams\.yaml:4: c: destination: got "moon", allowed: local/);
      assert.ok(!(await listStreamNames(bench.connected)).includes(a));
      const missing = await apply(null);
      assert.match(missing.err, /^file: got ".*", allowed: a file that can be read: ENOENT/);
      assert.equal(missing.code, 2);
    }));
});

type Apply = (text: string | null, ...more: string[]) => Promise<{ code: number; out: string; err: string }>;

/** The command line in this process, with a file of its own; null: there is none. */
async function withFile(use: (bench: ExportBench, apply: Apply) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'room-streams-apply-'));
  try {
    await withExportBench((bench) =>
      use(bench, async (text, ...more) => {
        Object.assign(process.env, bench.environment);
        const file = join(folder, text === null ? 'none.yaml' : 'streams.yaml');
        if (text !== null) await writeFile(file, text);
        const written = { out: '', err: '' };
        const code = await runCli(['stream', 'apply', file, ...more], {
          out: (line) => (written.out += `${line}\n`),
          err: (line) => (written.err += `${line}\n`),
        });
        return { code, ...written };
      }),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

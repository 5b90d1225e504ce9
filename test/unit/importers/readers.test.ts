// Method: files are written to a temporary folder and read by several threads, by one, and with the reading
// stopped in between; the outcomes must be the same whoever reads, and a file that cannot be read must not
// take others with it.
import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readFiles } from '../../../importers/file-readers.ts';
import type { FileOutcome } from '../../../importers/file-readers.ts';
import { listFiles } from '../../../importers/list-files.ts';
import { readSpool } from '../../../importers/tick-spool.ts';
import { recordedReadings, toGetstats, toInternals, toRtcstats } from './small-dumps.ts';

const READINGS = recordedReadings('cleo-ada-3', 8);

describe('reading files', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'import-readers-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));
  const write = async (name: string, content: string | Buffer): Promise<string> => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const read = (
    paths: readonly string[],
    threads: number,
    tickBytesInMemory = 1_000_000,
  ): Promise<FileOutcome[]> =>
    readFiles(
      paths.map((path, index) => ({ path, spoolPath: join(folder, `spool-${threads}-${index}.tsv`) })),
      { format: 'auto', threads, tickBytesInMemory, progress: () => undefined },
    );
  const dumps = (): Promise<string[]> =>
    Promise.all([
      write('a.jsonl', toRtcstats(READINGS)),
      write('b.jsonl.gz', gzipSync(toGetstats(READINGS))),
      write('c.txt', toInternals(READINGS)),
      write('d.txt', 'no dump'),
    ]);

  it('gives the same result with threads as without, and the same ticks on disk as in memory', async () => {
    const paths = await dumps();
    const here = await read(paths, 1);
    assert.deepEqual(
      here.map((outcome) => outcome.kind === 'read' && outcome.file.format),
      ['rtcstats', 'getstats', 'webrtc-internals', null],
    );
    const ticksOf = async (outcomes: readonly FileOutcome[]): Promise<unknown[]> => {
      const all: unknown[] = [];
      for (const outcome of outcomes) {
        if (outcome.kind === 'failed') continue;
        for await (const tick of readSpool(outcome.file.ticks)) all.push(tick);
      }
      return all;
    };
    const presencesOf = (outcomes: readonly FileOutcome[]): unknown[] =>
      outcomes.map((outcome) => outcome.kind === 'read' && outcome.file.presences);
    const expected = await ticksOf(here);
    assert.equal(expected.length, 3 * 4 * READINGS.length);
    for (const [threads, inMemory] of [
      [3, 1_000_000],
      [2, 0],
    ] as const) {
      const there = await read(paths, threads, inMemory);
      assert.deepEqual(presencesOf(there), presencesOf(here));
      assert.deepEqual(await ticksOf(there), expected);
      const isOnDisk = there.map((outcome) => outcome.kind === 'read' && outcome.file.ticks.path !== null);
      assert.deepEqual(isOnDisk[0], inMemory === 0);
    }
  });

  it('reports a file that is missing or a folder, and reads the others', async () => {
    const [good = ''] = await dumps();
    for (const threads of [1, 2]) {
      const [missing, read1, isFolder] = await read([join(folder, 'missing'), good, folder], threads);
      assert.equal(missing?.kind, 'failed');
      assert.match(missing.message, /ENOENT/);
      assert.equal(read1?.kind, 'read');
      assert.equal(isFolder?.kind, 'failed');
      assert.match(isFolder.message, /EISDIR/);
    }
  });

  it('stops when it is aborted, with the given reason', async () => {
    const paths = await dumps();
    for (const threads of [1, 2]) {
      const stop = new AbortController();
      const reading = readFiles(
        paths.map((path) => ({ path, spoolPath: join(folder, 'stopped.tsv') })),
        {
          format: 'auto',
          threads,
          tickBytesInMemory: 1_000_000,
          progress: () => stop.abort(new Error('enough')),
          signal: stop.signal,
        },
      );
      await assert.rejects(reading, /enough/, `${threads} threads`);
    }
  });

  it('lists the files of folders in order, skips hidden ones, and does not follow loops of links', async () => {
    const root = join(folder, 'root');
    mkdirSync(join(root, 'inner'), { recursive: true });
    for (const name of ['b', 'a', '.hidden', 'inner/c']) await write(`root/${name}`, 'x');
    symlinkSync(root, join(root, 'inner', 'loop'));
    symlinkSync('/nowhere', join(root, 'gone'));
    const listed = await listFiles([root, join(root, 'a')]);
    assert.deepEqual(
      listed.map(({ path, bytes, isNamed }) => [path.slice(root.length), bytes, isNamed]),
      [
        ['/a', 1, false],
        ['/b', 1, false],
        ['/gone', 0, false],
        ['/inner/c', 1, false],
        ['/a', 1, true],
      ],
    );
  });
});

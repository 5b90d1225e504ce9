// `verify` on the real stack: files of every format read back by the command line, and files that somebody
// cut, exchanged or damaged.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createSchedule } from '../../client/streams.ts';
import { makeHistory } from '../../history/make/make-history.ts';
import { toRfc3339 } from '../../workflows/model/interval.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { StreamSettings } from '../../workflows/model/stream.ts';
import type { VerifyReport } from '../../workflows/questions/verify-contract.ts';
import { HOUR, withExportBench } from '../export-bench.ts';
import type { ExportBench } from '../export-bench.ts';
import { makeStream } from '../../local/make-stream.ts';
import { runProgram } from '../../local/run-program.ts';

const CLI = 'bin/room-streams.mjs';

/** Rooms of about 3.5 kB: three parts of 5 MB and more, so that there is a closing part. */
const ROOMS_OF_SEVERAL_PARTS = 4_000;

describe('room-streams verify', () => {
  it('reads back complete files of every format, and checks the shape of each room', () =>
    withExportBench(
      async (bench) => {
        const kinds: [changes: Partial<StreamSettings>, rooms: number][] = [
          [{}, ROOMS_OF_SEVERAL_PARTS],
          [{ compression: 'gzip', fields: 'extended' }, ROOMS_OF_SEVERAL_PARTS],
          [{ format: 'ndjson', compression: 'gzip' }, 50],
          [{ format: 'ndjson' }, 0],
          [{}, 0],
          [{ empty: 'skip' }, 0],
        ];
        for (const [index, [changes, rooms]] of kinds.entries()) {
          const { manifest } = await made(bench, `kind${index}`, changes, rooms);
          const ended = await verify(bench, [manifest.key, '--destination', 'local', '--deep', '--json']);
          assert.equal(ended.code, 0, ended.stderr);
          const report = JSON.parse(ended.stdout) as VerifyReport;
          assert.deepEqual([report.kind, report.problems], [null, []]);
          if (changes.empty === 'skip') assert.equal(report.read, null);
          else {
            assert.equal(report.read?.rooms, rooms);
            assert.equal(report.read.rawCrc32, manifest.raw_crc32);
            assert.equal(report.read.bytes, manifest.size_bytes);
          }
        }
      },
      { batches: { rangeBytesPlain: 5_300_000, rangeBytesGzip: 5_300_000 } },
    ));

  it('detects a missing, replaced, cut or damaged file, and reports which through its exit code', () =>
    withExportBench(async (bench) => {
      const { manifest, name } = await made(bench, 'plain', {}, 20);
      await createSchedule(bench.connected, makeStream(name));
      const byStream = ['--stream', name, '--end', toRfc3339(HOUR.endMs)];
      const good = await verify(bench, byStream);
      assert.match(good.stdout, /^as its manifest says: local: .*\n {2}rooms {3}20\n/);

      const bytes = await bench.readFile(manifest);
      const text = bytes.toString();
      const cases: [body: string, said: RegExp[]][] = [
        // Of the same length, so that nothing but its bytes tells.
        [
          text.replace('"users":', '"usErs":'),
          [/CRC-32: got \w{8}, the manifest says/, /line 2: room: got the keys/],
        ],
        [text.slice(0, -10), [/raw bytes: got/, /does not end; the file is cut off/]],
        [`[\n${text.split('\n')[1]?.slice(0, -1) ?? ''}\n]\n`, [/rooms: got 1, the manifest says 20/]],
        [text.replace(/"peers":\[\{.*\]\}/, '"peers":[]}'), [/peers: got \d+, the manifest says \d+/]],
      ];
      for (const [body, said] of cases) {
        await put(bench, manifest, Buffer.from(body));
        const ended = await verify(bench, [...byStream, '--deep']);
        for (const pattern of said) assert.match(ended.stderr, pattern);
        assert.equal(ended.code, 36);
      }
      await bench.store.deleteObject({ key: manifest.key });
      const gone = await verify(bench, byStream);
      assert.match(gone.stderr, /^no object; the manifest names \d+ bytes\n$/);
      assert.equal(gone.code, 34);
      const manifestKey = `_manifests/${manifest.key}.manifest.json`;
      const garbage = Buffer.from('{}');
      await bench.store.putObject({ key: manifestKey, body: garbage, contentType: 'application/json' });
      assert.equal((await verify(bench, byStream)).code, 48);
      await bench.store.deleteObject({ key: manifestKey });
      assert.equal((await verify(bench, byStream)).code, 33);
    }));

  it('detects a gzip file that is damaged, has a second member, or has a wrong trailer', () =>
    withExportBench(async (bench) => {
      const { manifest } = await made(bench, 'packed', { compression: 'gzip' }, 20);
      const stored = await bench.store.getObject({ key: manifest.key, bytesMax: 2 ** 24 });
      const whole = stored?.body ?? assert.fail('no file');
      const flipped = Buffer.from(whole);
      flipped.writeUInt8(flipped.readUInt8(500) ^ 0xff, 500);
      const cases: [body: Buffer, said: RegExp][] = [
        [flipped, /^gzip: |\ngzip: /],
        [whole.subarray(0, -4), /gzip: unexpected end of file/],
        [Buffer.concat([whole, gzipSync('')]), /gzip: the file does not end with the trailer/],
        [Buffer.concat([whole, Buffer.from('more')]), /gzip: /],
      ];
      for (const [body, said] of cases) {
        await put(bench, manifest, body);
        const ended = await verify(bench, [manifest.key, '--destination', 'local']);
        assert.match(ended.stderr, said);
        assert.equal(ended.code, 36);
      }
    }));

  it('reports what is wrong with its arguments', () =>
    withExportBench(async (bench) => {
      const cases: [args: string[], said: RegExp, code: number][] = [
        [[], /^key: got none, allowed: a key with --destination, or --stream/, 2],
        [['k'], /^destination: got none, allowed: one that the workers know/, 2],
        [['', '--destination', 'local'], /^key: got 0 bytes, allowed: 1 to 900/, 2],
        [['k', '--destination', 'moon'], /^destination: got "moon", allowed: local/, 3],
        [['k', '--end', '2026-11-23T10:00:00Z'], /^end: got a time without --stream/, 2],
        [['--stream', 'nobody'], /^stream: got "nobody", which does not exist/, 3],
        [['--stream', 's', '--destination', 'local'], /--stream.*cannot be used with.*--destination/, 2],
        [['--stream', 's', '--end', 'noon'], /'--end <time>'.*a time with its zone/, 2],
      ];
      for (const [args, said, code] of cases) {
        const ended = await verify(bench, args);
        assert.match(ended.stderr, said);
        assert.equal(ended.code, code, ended.stderr);
      }
    }));
});

async function made(
  bench: ExportBench,
  stem: string,
  changes: Partial<StreamSettings>,
  rooms: number,
): Promise<{ name: string; manifest: Manifest }> {
  const name = bench.unique(stem);
  const range = { fromMs: HOUR.startMs, toMs: HOUR.endMs };
  if (rooms > 0) await makeHistory(bench.connection, { rooms, seed: 7, projectId: name, ...range });
  const { manifest } = await bench.run(makeStream(name, changes), HOUR);
  return { name, manifest: manifest ?? assert.fail('no manifest') };
}

function put(bench: ExportBench, { key }: Manifest, body: Buffer): Promise<{ etag: string }> {
  return bench.store.putObject({ key, body, contentType: 'application/json' });
}

function verify(bench: ExportBench, args: readonly string[]): ReturnType<typeof runProgram> {
  return runProgram(CLI, ['verify', ...args], bench.environment);
}

// Whether a stored file is what it has to be: the bytes of one direct export of the whole interval, the
// numbers of its manifest, and no upload left unfinished under its key.
import { crc32, gunzipSync } from 'node:zlib';
import { writeRange } from '../../activities/batch/write-range.ts';
import { fingerprintRange } from '../../activities/scans/fingerprint-range.ts';
import { parseManifest } from '../../activities/manifests/manifest-record.ts';
import { manifestKeyOf } from '../../workflows/model/manifest.ts';
import type { Manifest } from '../../workflows/model/manifest.ts';
import type { Interval } from '../../workflows/model/interval.ts';
import { isSameFingerprint, rangeOf } from '../../workflows/model/plan.ts';
import type { FaultWorld } from './fault-world.ts';

const BYTES_MAX = 2 ** 30;

export interface Verdict {
  /** What is wrong; nothing when the file is right. */
  problems: string[];
  /** Rooms of the history that the file has not, and rooms that it has more than once. */
  lost: number;
  doubled: number;
  leftUploads: number;
  /** The history has changed since the file was committed: its bytes cannot be compared any more. */
  isLate: boolean;
}

export async function verifyFile(
  world: Pick<FaultWorld, 'store' | 'history'>,
  { manifest, project, interval }: { manifest: Manifest; project: string; interval: Interval },
): Promise<Verdict> {
  const { key } = manifest;
  const verdict: Verdict = { problems: [], lost: 0, doubled: 0, leftUploads: 0, isLate: false };
  const problem = (text: string) => verdict.problems.push(`${key}: ${text}`);
  verdict.leftUploads = (await world.store.listUploads({ key })).length;
  const stored = await world.store.getObject({ key, bytesMax: BYTES_MAX });
  const record = await world.store.getObject({ key: manifestKeyOf('_manifests/', key), bytesMax: BYTES_MAX });
  if (stored === null || record === null) {
    problem(stored === null ? 'no file' : 'no manifest');
    return verdict;
  }
  const said = parseManifest(record.body, key);
  if (said.write_id !== manifest.write_id) problem('the manifest is of another run');
  if (said.etag !== stored.etag || said.size_bytes !== stored.body.length)
    problem('the manifest tells of another object');
  const raw = manifest.compression === 'gzip' ? gunzipSync(stored.body) : stored.body;
  const crc = crc32(raw).toString(16).padStart(8, '0');
  if (said.raw_crc32 !== crc || said.raw_size_bytes !== raw.length)
    problem(
      `CRC-32 ${crc} of ${raw.length} bytes, the manifest says ${said.raw_crc32} of ${said.raw_size_bytes}`,
    );
  const rooms = roomsOf(raw);
  if (rooms.length !== said.rooms) problem(`holds ${rooms.length} rooms, the manifest says ${said.rooms}`);
  verdict.doubled = rooms.length - new Set(rooms).size;
  const whole = rangeOf(interval);
  const now = await fingerprintRange(
    world.history,
    { projectId: project, ...whole },
    AbortSignal.timeout(QUERY_TIMEOUT_MS),
  );
  verdict.isLate = !isSameFingerprint(now, said.history_fingerprint);
  if (verdict.isLate) return verdict;
  const expected = await readDirectly(world, { manifest, project, interval });
  const held = new Set(rooms);
  verdict.lost = roomsOf(expected).filter((room) => !held.has(room)).length;
  if (!raw.equals(expected)) problem(`differs from the history ${describeDifference(raw, expected)}`);
  return verdict;
}

const QUERY_TIMEOUT_MS = 60_000;

function roomsOf(raw: Buffer): string[] {
  const lines = raw.toString('latin1').split('\n');
  return lines.filter((line) => line.startsWith('{')).map((line) => line.replace(/,$/, ''));
}

/** The file as one batch gives it, written here, in one thread. */
async function readDirectly(
  { history }: Pick<FaultWorld, 'history'>,
  { manifest, project, interval }: { manifest: Manifest; project: string; interval: Interval },
): Promise<Buffer> {
  const { fields, format } = manifest;
  const range = { projectId: project, ...rangeOf(interval) };
  const { body } = await writeRange(history, { range, fields, format });
  return Buffer.from(body);
}

function describeDifference(got: Buffer, expected: Buffer): string {
  let at = 0;
  while (at < got.length && got[at] === expected[at]) at += 1;
  const around = (bytes: Buffer) => JSON.stringify(bytes.toString('utf8', Math.max(0, at - 40), at + 40));
  return `from byte ${at} of ${got.length} (${expected.length} expected): ${around(got)} instead of ${around(expected)}`;
}

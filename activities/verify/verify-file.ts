// Reads a stored file back as a whole and compares it with its manifest: CRC and length of the raw bytes, the
// gzip trailer, the frame and the number of its rooms, and optionally the shape of each room. Memory holds
// one piece of the file, and one line when lines are parsed.
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createGunzip } from 'node:zlib';
import { toFileSchema } from '../../document/json-schema.ts';
import { coverFieldsOf, coversInterval, manifestProblems } from '../../workflows/model/cover.ts';
import { keyProblem } from '../../workflows/model/key-rules.ts';
import type { Found, Manifest } from '../../workflows/model/manifest.ts';
import { describeProblem } from '../../workflows/model/problem.ts';
import type { ReadFile, VerifyReport, VerifyRequest } from '../../workflows/questions/verify-contract.ts';
import { gzipTrailer } from '../batch/gzip-framing.ts';
import { compareFile } from '../manifests/compare-file.ts';
import { readManifest } from '../manifests/read-manifest.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import { InvalidRequestError, UnreadableRecordError } from '../runtime/stage-errors.ts';
import { openDestination } from '../runtime/stage-tools.ts';
import type { OpenedDestination, StageTools } from '../runtime/stage-tools.ts';
import { FileLines } from './file-lines.ts';
import { shapeProblem } from './room-shape.ts';

const PROBLEMS_MAX = 20;

const TRAILER_BYTES = 8;

interface Verified {
  read: ReadFile | null;
  problems: string[];
}

export async function verifyFile(
  tools: StageTools,
  request: VerifyRequest,
  run: StageRun,
): Promise<VerifyReport> {
  const opened = openDestination(tools, request.destination);
  const { destination, key, deep, covers } = request;
  // Such a key is never written by us, and could become another key on its way to the store.
  const problem = keyProblem(key);
  if (problem !== null) throw new InvalidRequestError(`key: got ${problem}`);
  const asked = { destination, key, deep };
  const nothing: VerifyReport = { ...asked, kind: null, problems: [], manifest: null, read: null };
  let manifest: Found<Manifest> | undefined;
  try {
    manifest = (await readManifest(opened, key, run.signal))?.value;
  } catch (error) {
    if (!(error instanceof UnreadableRecordError)) throw error;
    return { ...nothing, kind: 'unreadable-manifest', problems: [error.message] };
  }
  if (manifest === undefined)
    return { ...nothing, kind: 'missing-interval', problems: [`no manifest for ${key}`] };
  // Without a stream, the manifest has to be complete and to name this key.
  const wanted = covers === undefined ? { key } : coverFieldsOf(covers, opened.destination.bucket);
  if (!coversInterval(manifest, wanted)) {
    const problems = manifestProblems(manifest, wanted).map(describeProblem);
    return {
      ...nothing,
      kind: 'missing-interval',
      problems: [`${key}: its manifest is that of another file`, ...problems],
    };
  }
  const head = await opened.store.head({ key, signal: run.signal });
  const finding = compareFile(manifest, head);
  if (head === null || !manifest.file_written) {
    const problems = finding === null ? [] : [finding.detail];
    return { ...nothing, manifest, kind: finding?.kind ?? null, problems };
  }
  const reading = { opened, manifest, deep };
  let verified = await readBack(reading, run);
  // A problem is confirmed by a second read, because one answer may have been damaged in transit.
  if (verified.problems.length > 0) verified = await readBack(reading, run);
  const problems = [...(finding === null ? [] : [finding.detail]), ...verified.problems];
  return {
    ...nothing,
    manifest,
    kind: problems.length > 0 ? 'file-differs' : null,
    problems,
    read: verified.read,
  };
}

interface Reading {
  opened: OpenedDestination;
  manifest: Manifest;
  deep: boolean;
}

async function readBack({ opened, manifest, deep }: Reading, run: StageRun): Promise<Verified> {
  const startedMs = performance.now();
  const shapes: string[] = [];
  const schema = toFileSchema(manifest.fields, 'ndjson');
  let peers = 0;
  const onRoom = (text: string, line: number): void => {
    const { problem, peersShown } = lookAtRoom(text, schema);
    peers += peersShown;
    if (problem !== null && shapes.length < PROBLEMS_MAX) shapes.push(`line ${line}: ${problem}`);
  };
  const lines = new FileLines(manifest.format, deep ? onRoom : null);
  const stored = new StoredBytes();
  let [rawBytes, crc] = [0, 0];
  const take = async (chunks: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of chunks) {
      crc = crc32(chunk, crc);
      rawBytes += chunk.length;
      lines.push(chunk);
      run.report({ rooms: lines.rooms, rawBytes, of: manifest.raw_size_bytes });
    }
  };
  const source = await opened.store.readObject({ key: manifest.key, signal: run.signal });
  const broken = await unpack(source, { stored, isPacked: manifest.compression === 'gzip', take }, run);
  lines.finish();
  const read: ReadFile = {
    bytes: stored.bytes,
    rawBytes,
    rawCrc32: crc.toString(16).padStart(8, '0'),
    rooms: lines.rooms,
    seconds: Number(((performance.now() - startedMs) / 1000).toFixed(3)),
  };
  const trailer =
    manifest.compression === 'gzip' && broken === null && !stored.endsWith(gzipTrailer(rawBytes, crc))
      ? ['gzip: the file does not end with the trailer of one member over all its bytes']
      : [];
  const problems = [
    ...(broken === null ? [] : [broken]),
    ...trailer,
    ...differences(read, manifest),
    ...(lines.problem === null ? [] : [lines.problem]),
    ...(deep ? peerDifference(peers, manifest) : []),
    ...shapes,
  ];
  return { read, problems };
}

/** The problem with the compression; null when there is none. Errors of the store are thrown. */
async function unpack(
  source: Readable,
  {
    stored,
    isPacked,
    take,
  }: { stored: StoredBytes; isPacked: boolean; take: (chunks: AsyncIterable<Buffer>) => Promise<void> },
  { signal }: StageRun,
): Promise<string | null> {
  const count = (chunks: AsyncIterable<Buffer>): AsyncIterable<Buffer> => stored.passOn(chunks);
  try {
    if (isPacked) await pipeline(source, count, createGunzip(), take, { signal });
    else await pipeline(source, count, take, { signal });
    return null;
  } catch (error) {
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      return `gzip: ${error.message}`;
    throw error;
  }
}

/** Counts the stored bytes and keeps the last ones. */
class StoredBytes {
  bytes = 0;
  #end = Buffer.alloc(0);

  async *passOn(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      this.#end = Buffer.concat([this.#end, chunk.subarray(-TRAILER_BYTES)]).subarray(-TRAILER_BYTES);
      yield chunk;
    }
  }

  endsWith(trailer: Buffer): boolean {
    return this.#end.equals(trailer);
  }
}

function differences(read: ReadFile, manifest: Manifest): string[] {
  const pairs: [what: string, got: string | number, wanted: string | number][] = [
    ['stored bytes', read.bytes, manifest.size_bytes],
    ['raw bytes', read.rawBytes, manifest.raw_size_bytes],
    ['CRC-32', read.rawCrc32, manifest.raw_crc32],
    ['rooms', read.rooms, manifest.rooms],
  ];
  return pairs
    .filter(([, got, wanted]) => got !== wanted)
    .map(([what, got, wanted]) => `${what}: got ${got}, the manifest says ${wanted}`);
}

/**
 * The manifest counts the rows of peers. A peer with two rows appears once in the file, and its room then has
 * faults.
 */
function peerDifference(peers: number, manifest: Manifest): string[] {
  const isRight = manifest.rooms_with_faults === 0 ? peers === manifest.peers : peers <= manifest.peers;
  return isRight ? [] : [`peers: got ${peers}, the manifest says ${manifest.peers}`];
}

function lookAtRoom(
  text: string,
  schema: ReturnType<typeof toFileSchema>,
): { problem: string | null; peersShown: number } {
  let room: unknown;
  try {
    room = JSON.parse(text);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return { problem: `not JSON: ${said}`, peersShown: 0 };
  }
  const isRoom = typeof room === 'object' && room !== null && 'peers' in room && Array.isArray(room.peers);
  return {
    problem: shapeProblem(room, schema),
    peersShown: isRoom ? (room as { peers: unknown[] }).peers.length : 0,
  };
}

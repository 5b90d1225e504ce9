// What a reader of the bucket does: fetches a file and its manifest, checks the one against the other, shows
// the first room, and says how to fetch them by hand.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, gunzipSync } from 'node:zlib';
import { Client } from 'minio';
import { applyEdits, format } from 'jsonc-parser';
import { openObjectStore } from '../store/object-store.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import type { Manifest } from '../workflows/model/manifest.ts';
import type { StackAddresses } from './stack.ts';

export interface FetchedFile {
  key: string;
  manifestKey: string;
  format: Manifest['format'];
  /** Uncompressed; null when the interval is empty and has no file. */
  raw: Buffer | null;
  /** Writes file and manifest below a folder, under their keys; returns their paths. */
  saveTo(folder: string): Promise<string[]>;
}

export interface StoredFiles {
  /** Throws when the stored file is not the one that the manifest tells of. */
  fetch(manifest: Manifest): Promise<FetchedFile>;
  /** A command that fetches an object without credentials of its own. */
  fetchCommand(key: string): Promise<string>;
  close(): Promise<void>;
}

const MANIFEST_PREFIX = '_manifests/';

/** A demonstration's file has to fit into memory. */
const FILE_BYTES_MAX = 4_000_000_000;

/** The longest that S3 allows: seven days. */
const LINK_SECONDS = 7 * 86_400;

export function openFiles(address: StackAddresses['store']): StoredFiles {
  const store = openObjectStore({
    ...address,
    name: 'local',
    pathStyle: true,
    manifestPrefix: MANIFEST_PREFIX,
  });
  const read = async (key: string) => {
    const stored = await store.getObject({ key, bytesMax: FILE_BYTES_MAX });
    if (stored === null) throw new Error(`${key}: the object is not there`);
    return stored.body;
  };
  return {
    async fetch(manifest) {
      const { key, file_written: isWritten } = manifest;
      const manifestKey = manifestKeyOf(MANIFEST_PREFIX, key);
      const objects = new Map([[manifestKey, await read(manifestKey)]]);
      const stored = isWritten ? await read(key) : null;
      if (stored !== null) objects.set(key, stored);
      const raw = stored !== null && manifest.compression === 'gzip' ? gunzipSync(stored) : stored;
      if (raw !== null) assertComplete(raw, manifest);
      return { key, manifestKey, format: manifest.format, raw, saveTo: (folder) => saveAll(objects, folder) };
    },
    fetchCommand: async (key) => `curl -so ${key.split('/').at(-1) ?? ''} '${await presign(address, key)}'`,
    close: () => store.close(),
  };
}

function assertComplete(raw: Buffer, { key, raw_crc32: expected, raw_size_bytes: bytes }: Manifest): void {
  const got = crc32(raw).toString(16).padStart(8, '0');
  if (got !== expected || raw.length !== bytes)
    throw new Error(
      `${key}: ${raw.length} bytes with CRC-32 ${got}, the manifest says ${bytes} and ${expected}`,
    );
}

async function saveAll(objects: ReadonlyMap<string, Buffer>, folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const [key, bytes] of objects) {
    const path = join(folder, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    paths.push(path);
  }
  return paths;
}

function presign(address: StackAddresses['store'], key: string): Promise<string> {
  const { hostname, port } = new URL(address.endpoint);
  const client = new Client({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region: address.region,
    accessKey: address.accessKeyId,
    secretKey: address.secretAccessKey,
  });
  return client.presignedGetObject(address.bucket, key, LINK_SECONDS);
}

/**
 * The first room, laid out over several lines, each number as it stands in the file; null when there is none.
 */
export function firstRoomOf({ raw, format: fileFormat }: FetchedFile): string | null {
  const line = raw?.toString('utf8').split('\n')[fileFormat === 'json' ? 1 : 0] ?? '';
  if (!line.startsWith('{')) return null;
  const room = line.replace(/,$/, '');
  // Only white space is added: parsed and printed again, 3.10 would become 3.1.
  return applyEdits(room, format(room, undefined, { insertSpaces: true, tabSize: 2 }));
}

// Reads dumps in a thread of its own, one after the other: what file-readers.ts hands out, read-file.ts does.
// Only plain data goes back and forth.
import { createReadStream } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { z } from 'zod';
import { readRecording } from './read-file.ts';

const job = z.object({
  path: z.string(),
  format: z.enum(['rtcstats', 'webrtc-internals', 'getstats', 'auto']),
  spoolPath: z.string(),
  tickBytesInMemory: z.number(),
});

export type ThreadJob = z.infer<typeof job>;

const PIECE_BYTES = 1024 * 1024;

/** What a thread tells: bytes read so far, the result, or why the file could not be read at all. */
export type ThreadAnswer =
  | { kind: 'progress'; bytes: number }
  | { kind: 'read'; file: Awaited<ReturnType<typeof readRecording>> }
  | { kind: 'failed'; message: string };

parentPort?.on('message', (message: unknown) => {
  const { path, ...options } = job.parse(message);
  const answer = (value: ThreadAnswer): void => parentPort?.postMessage(value);
  readRecording(createReadStream(path, { highWaterMark: PIECE_BYTES }), {
    ...options,
    progress: (bytes) => answer({ kind: 'progress', bytes }),
  }).then(
    (file) => answer({ kind: 'read', file }),
    (error: unknown) =>
      answer({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
  );
});

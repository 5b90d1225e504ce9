// What the programs of the contenders are asked, and what they answer: parsed on both sides, because it comes
// from another process.
import { z } from 'zod';

const intervalSchema = z.object({ startMs: z.number(), endMs: z.number() });

/** As the exporter's own user, who may only read. */
const clickHouseSchema = z.object({
  url: z.string(),
  database: z.string(),
  user: z.string(),
  password: z.string(),
});

const storeSchema = z.object({
  endpoint: z.string(),
  region: z.string(),
  bucket: z.string(),
  accessKeyId: z.string(),
  secretAccessKey: z.string(),
});

/** Reads the three views of one project and interval as columns, and drops them. */
export const scanTaskSchema = z.object({
  clickHouse: clickHouseSchema,
  projectId: z.string(),
  interval: intervalSchema,
});

export const scannedSchema = z.object({ bytes: z.number() });

/**
 * Stores the bytes of a file again, under another key. The program's first task loads them; only those after
 * it are measured.
 */
export const uploadTaskSchema = z.object({
  store: storeSchema,
  from: z.object({ key: z.string(), partBytes: z.number(), parts: z.number() }),
  key: z.string(),
  contentType: z.string(),
});

export const uploadedSchema = z.object({ bytes: z.number() });

/** Writes the documents of one project and interval as lines of JSON. */
export const rowsTaskSchema = z.object({
  clickHouse: clickHouseSchema,
  store: storeSchema,
  projectId: z.string(),
  interval: intervalSchema,
  key: z.string(),
  compression: z.enum(['none', 'gzip']),
});

export const rowsWrittenSchema = z.object({ rooms: z.number(), rawBytes: z.number() });

export type ClickHouseReader = z.infer<typeof clickHouseSchema>;
export type ScanTask = z.infer<typeof scanTaskSchema>;
export type UploadTask = z.infer<typeof uploadTaskSchema>;
export type RowsTask = z.infer<typeof rowsTaskSchema>;

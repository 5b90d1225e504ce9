// The readers of docs/reading.md, as programs that run its code: Python's in a virtual environment of their
// own, made once in a folder that git ignores, ClickHouse's on the shared test stack. Answers are rows as
// JSON; a reader that cannot be had says why.
import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { openConnection } from '../../clickhouse/connection.ts';
import { getTestStack } from '../stack.ts';

export const READERS = ['duckdb', 'pandas', 'pyarrow', 'clickhouse', 'jq'] as const;
export type Reader = (typeof READERS)[number];

export type Answer = z.infer<typeof answerSchema>;
const answerSchema = z.object({ rooms: z.array(z.array(z.unknown())), keys: z.array(z.array(z.unknown())) });

const HERE = fileURLToPath(new URL('.', import.meta.url));
const ENVIRONMENTS = fileURLToPath(new URL('../../.local/readers/', import.meta.url));
const RUN_READER = join(HERE, 'run_reader.py');
const REQUIREMENTS = join(HERE, 'requirements.txt');

/** About 150 MB of wheels. */
const INSTALL_TIMEOUT_MS = 10 * 60_000;
const READ_TIMEOUT_MS = 60_000;

/** The code of each reader that our tests run: fences of the document named by language and reader. */
export function readerCode(markdown: string): Map<Reader, string> {
  const fences = [...markdown.matchAll(/^```\w+ (\w+)\n(.*?)^```$/gms)];
  return new Map(
    READERS.flatMap((reader) => {
      const code = fences.find(([, name]) => name === reader)?.[2];
      return code === undefined ? [] : [[reader, code]];
    }),
  );
}

/** Puts the file in place of the document's, and runs the code. */
export async function runReader(reader: Reader, code: string, file: string): Promise<Answer> {
  const placed = code.replaceAll(/rooms\.(nd)?json(?=')/g, file);
  return reader === 'clickhouse' ? await runClickHouse(placed) : await runPython(reader, placed, file);
}

async function runClickHouse(code: string): Promise<Answer> {
  const { clickhouse } = await getTestStack();
  const { url, adminUser: user, adminPassword: password } = clickhouse;
  const connection = openConnection({ url, database: 'default', user, password });
  try {
    const [rooms = [], keys = []] = await Promise.all(
      code
        .trim()
        .split('\n\n')
        .map(async (query) => {
          const answer = await connection.query({
            query: query.replace(/;$/, ''),
            format: 'JSONCompactEachRow',
            clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
          });
          return await answer.json<unknown[]>();
        }),
    );
    return { rooms, keys };
  } finally {
    await connection.close();
  }
}

async function runPython(reader: Reader, code: string, file: string): Promise<Answer> {
  const running = promisify(execFile)(
    join(await pythonEnvironment(), 'bin', 'python3'),
    [RUN_READER, reader, file],
    {
      timeout: READ_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  running.child.stdin?.end(code);
  return answerSchema.parse(JSON.parse((await running).stdout));
}

/**
 * Where the packages are; installed on first use. Made aside and moved into place, so that it is there whole
 * or not at all.
 */
export async function pythonEnvironment(): Promise<string> {
  const requirements = readFileSync(REQUIREMENTS);
  const kept = join(ENVIRONMENTS, createHash('sha256').update(requirements).digest('hex').slice(0, 16));
  if (existsSync(kept)) return kept;
  await mkdir(ENVIRONMENTS, { recursive: true });
  const aside = join(ENVIRONMENTS, `making-${randomUUID()}`);
  try {
    await promisify(execFile)('python3', ['-m', 'venv', aside], { timeout: INSTALL_TIMEOUT_MS });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
    await promisify(execFile)(join(aside, 'bin', 'python3'), pip, { timeout: INSTALL_TIMEOUT_MS });
    await rename(aside, kept);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
  return kept;
}

// Files that the product made, opened with the readers people use, by the very queries that docs/reading.md
// shows. What they find is compared with what JSON.parse finds: numbers with their fractions, missing values
// as missing, keys as texts or arrays.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeHistory } from '../../history/make/make-history.ts';
import {
  at,
  exportInTwoParts,
  exportOf,
  exportProject,
  HOUR_MS,
  HOUR_START_MS,
} from '../contract/exported-rooms.ts';
import type { HandMadeRooms } from '../contract/exported-rooms.ts';
import { makeHistoryDatabase, toSeconds } from '../contract/history-database.ts';
import type { HistoryDatabase } from '../contract/history-database.ts';
import { pythonEnvironment, READERS, readerCode, runReader } from './reader-programs.ts';
import type { Answer, Reader } from './reader-programs.ts';

const CODE = readerCode(readFileSync(new URL('../../docs/reading.md', import.meta.url), 'utf8'));

/** Of those, who unpack gzip themselves, by the name's suffix. */
const GZIP_READERS: readonly Reader[] = ['duckdb', 'clickhouse'];

const FILES = {
  many: 'a file of many rooms',
  empty: 'the empty file',
  fractions: 'whole numbers in the first room and fractions in later ones',
  keys: 'keys with one text, several and none',
} as const;
type FileName = keyof typeof FILES;

describe('the readers of files', () => {
  let history: HistoryDatabase;
  let folder: string;
  let missingPython: string | undefined;
  const parsed = new Map<FileName, unknown[]>();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'room-streams-readers-'));
    history = await makeHistoryDatabase();
    for (const name of Object.keys(FILES) as FileName[]) await writeFiles(name);
    missingPython = await pythonEnvironment().then(
      () => undefined,
      (error: unknown) => `no readers of Python: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  after(async () => {
    await history.drop();
    await rm(folder, { recursive: true, force: true });
  });

  it('has code for each reader in docs/reading.md', () => {
    assert.deepEqual([...CODE.keys()], [...READERS]);
  });

  for (const reader of READERS) {
    for (const [name, title] of Object.entries(FILES) as [FileName, string][])
      itReads(reader, title, { name, file: `${name}.${reader === 'pyarrow' ? 'ndjson' : 'json'}` });
  }

  for (const reader of GZIP_READERS)
    itReads(reader, 'a file of many rooms that is one gzip member over two parts', {
      name: 'many',
      file: 'many.json.gz',
    });

  /** `name`: whose rooms the file has. */
  function itReads(reader: Reader, title: string, { name, file }: { name: FileName; file: string }): void {
    it(`${reader} reads ${title}`, async (test) => {
      if (reader !== 'clickhouse' && missingPython !== undefined) {
        test.skip(missingPython);
        return;
      }
      const answer = await runReader(reader, CODE.get(reader) ?? '', join(folder, file));
      assert.deepEqual(inOrder(answer), inOrder(expectedOf(parsed.get(name) ?? [])));
    });
  }

  async function writeFiles(name: FileName): Promise<void> {
    const project = randomUUID();
    if (name === 'many')
      await makeHistory(history.connection, {
        rooms: 200,
        seed: 3,
        projectId: project,
        fromMs: HOUR_START_MS,
        toMs: HOUR_START_MS + HOUR_MS,
      });
    for (const format of ['json', 'ndjson'] as const) {
      const rows = name === 'fractions' ? FRACTIONS : KEYS;
      const isMade = name === 'many' || name === 'empty';
      const file = isMade
        ? await exportProject(history, project, { format })
        : await exportOf(history, rows, { format });
      await writeFile(join(folder, `${name}.${format}`), file.text);
      if (name === 'many' && format === 'ndjson')
        await writeFile(join(folder, 'many.json.gz'), await exportInTwoParts(history, project));
      parsed.set(name, file.rooms);
    }
  }
});

/** Losses of 0.0, 3.5 and 0.1 %, in this order. */
const FRACTIONS: HandMadeRooms = (() => {
  const losses = [
    [0, 3000],
    [35, 965],
    [1, 999],
  ];
  const whose = losses.map((_loss, index) => ({
    session_id: `s${index}`,
    finalized_at: toSeconds(HOUR_START_MS + index),
  }));
  return {
    rooms: whose.map((room, index) => ({ ...room, room_id: `r${index}` })),
    peers: whose,
    totals: whose.map((total, index) => ({
      ...total,
      packets_lost: losses[index]?.[0],
      packets_arrived: losses[index]?.[1],
    })),
  };
})();

const KEYS: HandMadeRooms = {
  peers: [
    { peer_id: 'a', keys: { plan: ['x'] } },
    { peer_id: 'b', keys: { plan: ['x', 'y'], none: [], 'quote "q"': ['é, \n 😀'] } },
    { peer_id: 'c' },
  ],
};

function expectedOf(rooms: readonly unknown[]): Answer {
  return {
    rooms: rooms.map((room) =>
      ['room_id', 'users', 'stats.mos', 'stats.audio.packet_loss'].map((path) => at(room, path)),
    ),
    keys: rooms.flatMap((room) =>
      (at(room, 'peers') as unknown[]).flatMap((peer) =>
        Object.entries(at(peer, 'keys') as Record<string, string | string[]>).map(([key, texts]) => [
          at(room, 'room_id'),
          at(peer, 'peer_id'),
          key,
          Array.isArray(texts) ? texts : [texts],
        ]),
      ),
    ),
  };
}

/** Rooms in the order of the file; keys in any, because maps have none. */
function inOrder({ rooms, keys }: Answer): Answer {
  return { rooms, keys: [...keys].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}

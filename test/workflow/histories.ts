// Recorded histories of runs, one file for each shape a run can have: Temporal's own record of what the
// workflow decided. A worker of today has to decide the same when it takes up a run of yesterday, so released
// ones are kept for ever and replayed by replay.test.ts.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import proto, { type temporal } from '@temporalio/proto';

type History = temporal.api.history.v1.IHistory;

const { History } = proto.temporal.api.history.v1;
const FOLDER = fileURLToPath(new URL('histories/', import.meta.url));
const ENDING = '.history.gz';

/** `shape` names what happened in the run, the workflow id is part of what is replayed. */
export interface RecordedHistory {
  shape: string;
  workflowId: string;
  history: History;
}

export function saveHistory({ shape, workflowId, history }: RecordedHistory): string {
  mkdirSync(FOLDER, { recursive: true });
  const header = Buffer.from(`${workflowId}\n`);
  const body = History.encode(History.fromObject(history)).finish();
  const file = `${FOLDER}${shape}${ENDING}`;
  writeFileSync(file, gzipSync(Buffer.concat([header, body]), { level: 9 }));
  return file;
}

export function readHistories(): RecordedHistory[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .sort()
    .map((name) => {
      const bytes = gunzipSync(readFileSync(`${FOLDER}${name}`));
      const headerEnd = bytes.indexOf('\n');
      return {
        shape: name.slice(0, -ENDING.length),
        workflowId: bytes.subarray(0, headerEnd).toString(),
        history: History.decode(bytes.subarray(headerEnd + 1)),
      };
    });
}

// Where a secret could have got to: everything that Temporal, the store and a folder hold, handed to a search
// as it lies there.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import proto from '@temporalio/proto';
import { openObjectStore } from '../../store/object-store.ts';
import type { Connected } from '../../temporal/connect.ts';
import type { RunningStack } from '../../local/stack.ts';
import type { SecretSearch } from './secret-search.ts';

const { DescribeWorkflowExecutionResponse, DescribeScheduleResponse } = proto.temporal.api.workflowservice.v1;
const { History } = proto.temporal.api.history.v1;

/** Everything of every workflow and schedule, as it travels. */
export async function searchTemporal({ client }: Connected, search: SecretSearch): Promise<void> {
  let failures = 0;
  for await (const { workflowId, runId } of client.workflow.list()) {
    const handle = client.workflow.getHandle(workflowId, runId);
    search.look(
      `the history of ${workflowId}`,
      Buffer.from(History.encode(await handle.fetchHistory()).finish()),
    );
    const { raw } = await handle.describe();
    failures += raw.pendingActivities?.filter(({ lastFailure }) => lastFailure != null).length ?? 0;
    search.look(
      `the description of ${workflowId}`,
      Buffer.from(DescribeWorkflowExecutionResponse.encode(raw).finish()),
    );
  }
  assert.ok(failures >= 2, 'no attempt under way has failed');
  for await (const { scheduleId } of client.schedule.list()) {
    const { raw } = await client.schedule.getHandle(scheduleId).describe();
    search.look(`a schedule, ${scheduleId}`, Buffer.from(DescribeScheduleResponse.encode(raw).finish()));
  }
}

export async function searchStore(stack: RunningStack, search: SecretSearch): Promise<void> {
  const store = openObjectStore({
    ...stack.store,
    name: 'all',
    pathStyle: true,
    manifestPrefix: '_manifests/',
  });
  try {
    for await (const { key } of store.listKeys({ prefix: '' })) {
      const stored = await store.getObject({ key, bytesMax: 2 ** 24 });
      search.look(`an object, ${key}`, stored?.body ?? '');
    }
  } finally {
    await store.close();
  }
}

/** The database with what was not yet written into it. */
export function searchFolder(folder: string, search: SecretSearch): void {
  for (const name of readdirSync(folder)) search.look(name, readFileSync(join(folder, name)));
}

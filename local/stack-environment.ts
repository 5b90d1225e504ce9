// The embedded stack as the environment variables that the worker and the command line read, and as a file of
// them, so that every command of the product works against it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningStack, StackAddresses } from './stack.ts';

/** The destination's name in the embedded stack. */
export const STACK_DESTINATION = 'local';

export function toEnvironment(
  { clickhouse, temporal, store }: StackAddresses,
  database = 'room_history',
): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_UI_URL: temporal.uiUrl,
    CLICKHOUSE_URL: clickhouse.url,
    CLICKHOUSE_DATABASE: database,
    CLICKHOUSE_USER: clickhouse.exporterUser,
    CLICKHOUSE_PASSWORD: clickhouse.exporterPassword,
    CLICKHOUSE_ADMIN_USER: clickhouse.adminUser,
    CLICKHOUSE_ADMIN_PASSWORD: clickhouse.adminPassword,
    DESTINATIONS: STACK_DESTINATION,
    DESTINATION_LOCAL_ENDPOINT: store.endpoint,
    DESTINATION_LOCAL_REGION: store.region,
    DESTINATION_LOCAL_BUCKET: store.bucket,
    DESTINATION_LOCAL_ACCESS_KEY_ID: store.accessKeyId,
    DESTINATION_LOCAL_SECRET_ACCESS_KEY: store.secretAccessKey,
  };
}

/**
 * Writes the variables beside the stack's data, for `node --env-file=…`; returns the file's path. It holds
 * passwords.
 */
export function writeEnvironmentFile(stack: RunningStack): string {
  const file = join(stack.folder, 'stack.env');
  const lines = Object.entries(toEnvironment(stack)).map(([name, value]) => `${name}=${value}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

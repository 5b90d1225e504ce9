// Registers the runs' search attributes with the Temporal server. Adding an existing attribute is harmless.
// The server silently keeps an attribute of another type, so the result is read back and compared.
import { setTimeout as wait } from 'node:timers/promises';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/model/search-attributes.ts';
import { isInvalidArgument } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

// This is a CommonJS package whose names Node cannot see before running it, so only its default export can be
// imported.
const { IndexedValueType } = proto.temporal.api.enums.v1;
const VALUE_TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;

/**
 * Servers refresh the registered attributes once a minute at the latest
 * (`system.forceSearchAttributesCacheRefreshOnRead`).
 */
const USABLE_WITHIN_MS = 120_000;
const LOOK_MS = 250;

/**
 * Returns the added names once the server accepts them; until then it refuses streams.
 * @throws CommandError when an attribute exists with another type, or when the server does not accept them in
 * time.
 */
export async function registerSearchAttributes(connected: Connected): Promise<string[]> {
  const { connection, config } = connected;
  const { namespace } = config;
  const before = (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => before[name] === undefined);
  if (missing.length > 0) {
    await connection.operatorService.addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(missing.map(({ name, type }) => [name, VALUE_TYPES[type]])),
    });
  }
  const after = (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes;
  for (const { name, type } of SEARCH_ATTRIBUTES) {
    if (after[name] !== VALUE_TYPES[type]) {
      throw new CommandError(
        `search attribute ${name}: Temporal has it with another type, allowed: ${type}; remove it there, then run migrate again`,
        EXIT.failed,
      );
    }
  }
  const names = missing.map(({ name }) => name);
  if (names.length > 0) await awaitUsable(connected, names);
  return names;
}

async function awaitUsable(connected: Connected, names: readonly string[]): Promise<void> {
  const deadlineMs = Date.now() + USABLE_WITHIN_MS;
  while (!(await areUsable(connected, names))) {
    if (Date.now() >= deadlineMs) {
      throw new CommandError(
        `Temporal has registered ${names.join(', ')}, and refuses them still after ${USABLE_WITHIN_MS / 1000} s; run migrate again in a while`,
        EXIT.failed,
      );
    }
    await wait(LOOK_MS);
  }
}

/** The server refuses a query with an unknown attribute just as it refuses a stream that has one. */
async function areUsable({ connection, config }: Connected, names: readonly string[]): Promise<boolean> {
  const query = names.map((name) => `${name} IS NULL`).join(' AND ');
  try {
    await connection.workflowService.countWorkflowExecutions({ namespace: config.namespace, query });
    return true;
  } catch (error) {
    if (isInvalidArgument(error)) return false;
    throw error;
  }
}

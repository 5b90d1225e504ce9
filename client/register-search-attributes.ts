// Registers the search attributes of the runs with the Temporal server. Adding one that exists is harmless;
// one that exists with another type is kept by the server without a word, so the result is read back and
// compared.
import { setTimeout as wait } from 'node:timers/promises';
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/model/search-attributes.ts';
import { isInvalidArgument } from '../temporal/connect.ts';
import type { Connected } from '../temporal/connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

// A CommonJS package whose names Node cannot see before it runs: only its default export can be imported.
const { IndexedValueType } = proto.temporal.api.enums.v1;
const VALUE_TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;

/**
 * Servers read what is registered once a minute at the latest
 * (`system.forceSearchAttributesCacheRefreshOnRead`).
 */
const USABLE_WITHIN_MS = 120_000;
const LOOK_MS = 250;

/**
 * Returns the names that were added, once the server takes them: until it does, it refuses streams. Throws
 * CommandError for one that exists with another type, and when the server does not take them in time.
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

/** A query that names what the server does not know yet is refused like a stream that has it. */
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

// Registers the search attributes of the runs with the Temporal server. Adding one that exists is harmless; one that exists with
// another type is kept by the server without a word, so the result is read back and compared.
import proto from '@temporalio/proto';
import { SEARCH_ATTRIBUTES } from '../workflows/model/search-attributes.ts';
import { type Connected } from './connect.ts';
import { CommandError, EXIT } from './exit-codes.ts';

// A CommonJS package whose names Node cannot see before it runs: only its default export can be imported.
const { IndexedValueType } = proto.temporal.api.enums.v1;
const VALUE_TYPES = {
  Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
  Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  Int: IndexedValueType.INDEXED_VALUE_TYPE_INT,
} as const;

/** Returns the names that were added; throws CommandError for one that exists with another type. */
export async function registerSearchAttributes({ connection, config }: Connected): Promise<string[]> {
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
  return missing.map(({ name }) => name);
}

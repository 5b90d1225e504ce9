// Where a dry run of an import happens: in a checkout in an embedded ClickHouse that is made for it, so that nothing needs to run; where
// the product is built (the image) in a database of its own on the configured server. Either way nothing of it remains.
import { withOwnDatabase } from '../history/import/dry-run.ts';
import type { WithEngine } from '../history/import/dry-run.ts';
import { readClickHouseAdmin } from '../worker/config.ts';

export const withDryRunEngine: WithEngine = async (use) => {
  if (!import.meta.url.endsWith('.ts')) return withOwnDatabase(readClickHouseAdmin(), use);
  const { withTemporaryClickHouse } = await import('../local/temporary-clickhouse.ts');
  return withTemporaryClickHouse(use);
};

// The short statements of a worker (plans, checks), watched: a test hears of each and may let something
// happen before its answer is handed on.
import type { Statement } from '../clickhouse/history-reader.ts';
import type { StageTools } from '../activities/runtime/stage-tools.ts';

export type StatementKind = 'fingerprint' | 'cut' | 'other';

export interface AskedStatement {
  kind: StatementKind;
  projectId: string;
}

/** `answered` is awaited once ClickHouse has answered, before the stage gets the rows. */
export function withReadRows(
  tools: StageTools,
  answered: (asked: AskedStatement) => Promise<void> | void,
): StageTools {
  const readRows = async <Row>(statement: Statement<Row>): Promise<Row[]> => {
    const rows = await tools.history.readRows(statement);
    await answered({ kind: kindOf(statement.params), projectId: String(statement.params.project_id) });
    return rows;
  };
  return { ...tools, history: { ...tools.history, readRows } };
}

function kindOf(params: Record<string, unknown>): StatementKind {
  if ('range_bytes' in params) return 'cut';
  return 'from_session' in params ? 'fingerprint' : 'other';
}

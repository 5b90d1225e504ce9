// The history's part of the preflight: the views, asked as the exporter's own user. A server that does not
// answer, or refuses the user, is a line like the others.
import { ClickHouseError } from '@clickhouse/client';
import { checkViews } from '../../history/check-views.ts';
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { permanentHistoryError } from '../../clickhouse/history-errors.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

export async function checkHistory({ history, hide }: StageTools): Promise<CheckLine[]> {
  try {
    const lines = await checkViews(history.client);
    return lines.map(({ name, ok, got, allowed }) => ({ name, outcome: ok ? 'ok' : 'failed', got, allowed }));
  } catch (error) {
    const allowed = 'a ClickHouse server that answers, and knows the user (CLICKHOUSE_URL, _USER, _PASSWORD)';
    return [{ name: 'ClickHouse', outcome: 'failed', got: hide(whatWentWrong(error)), allowed }];
  }
}

function whatWentWrong(error: unknown): string {
  if (error instanceof ClickHouseError) {
    const known = permanentHistoryError(error);
    return known?.mend ?? error.message.split('\n', 1)[0] ?? '';
  }
  if (!(error instanceof Error)) return String(error);
  // Node hides what happened in an AggregateError when a name has several addresses.
  return 'code' in error && error.message === '' ? String(error.code) : error.message;
}

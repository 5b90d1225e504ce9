// The history's part of the preflight. It checks the views and then runs the statements of a run, as the
// exporter's own user. A server that does not answer or refuses the user is reported as a line too.
import { checkViews } from '../../history/check-views.ts';
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { permanentHistoryError } from '../../clickhouse/history-errors.ts';
import { checkStatements } from './check-statements.ts';
import { explainFailure } from '../runtime/run-stage.ts';
import type { StageTools } from '../runtime/stage-tools.ts';

/** When one of these lines fails, the statements would only fail with the same reason. */
const FAILS_STATEMENTS = /^settings of the statements$|: columns$/;

type HistoryTools = Pick<StageTools, 'history' | 'hide'>;

export async function checkHistory({ history, hide }: HistoryTools): Promise<CheckLine[]> {
  try {
    const ofViews = await checkViews(history.client);
    const lines: CheckLine[] = ofViews.map(({ name, ok, got, allowed }) => ({
      name,
      outcome: ok ? 'ok' : 'failed',
      got,
      allowed,
    }));
    // Wrong views, and settings that may not be stated, make every statement fail.
    if (lines.every(({ outcome, name }) => outcome === 'ok' || !FAILS_STATEMENTS.test(name)))
      lines.push(...(await checkStatements(history)));
    return lines.map((line) => ({ ...line, got: hide(line.got) }));
  } catch (error) {
    const allowed = 'a ClickHouse server that answers, and knows the user (CLICKHOUSE_URL, _USER, _PASSWORD)';
    return [
      { name: 'ClickHouse', outcome: 'failed', got: hide(await whatWentWrong(error, { history })), allowed },
    ];
  }
}

async function whatWentWrong(error: unknown, { history }: Pick<HistoryTools, 'history'>): Promise<string> {
  const { message } = await explainFailure(error, { history });
  const known = permanentHistoryError(error);
  // An access error needs only the remedy.
  if (known !== undefined && known.isOfAccess) return known.remedy;
  // Node hides the cause in an AggregateError when a name has several addresses.
  return message === '' && error instanceof Error && 'code' in error ? String(error.code) : message;
}

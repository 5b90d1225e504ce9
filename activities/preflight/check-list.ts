// Collects the lines of a preflight in their order. Each check is one request, and the store's answer becomes
// the line.
import type { CheckLine } from '../../workflows/questions/preflight-contract.ts';
import { StoreError } from '../../store/store-errors.ts';

export interface CheckName {
  name: string;
  allowed: string;
  /** Nothing depends on it. */
  isOptional?: boolean;
}

export class CheckList {
  readonly lines: CheckLine[] = [];

  /** Undefined when the store refused. Errors that are not from the store are thrown. */
  async try<Value>(
    { name, allowed, isOptional = false }: CheckName,
    act: () => Promise<{ got: string; value: Value }>,
  ): Promise<Value | undefined> {
    try {
      const { got, value } = await act();
      this.lines.push({ name, allowed, outcome: 'ok', got });
      return value;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.lines.push({ name, allowed, outcome: isOptional ? 'optional' : 'failed', got: error.message });
      return undefined;
    }
  }

  /** Checks a request that the store has to refuse with one of these codes. Its success is the failure. */
  async expectRefusal(
    { name, allowed, codes }: CheckName & { codes: readonly string[] },
    act: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await act();
      this.lines.push({ name, allowed, outcome: 'failed', got: 'the store did it' });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const isRefused = codes.includes(error.code);
      this.lines.push({
        name,
        allowed,
        outcome: isRefused ? 'ok' : 'failed',
        got: isRefused ? `refused (${error.code})` : error.message,
      });
    }
  }

  fail({ name, allowed }: CheckName, got: string): void {
    this.lines.push({ name, allowed, outcome: 'failed', got });
  }

  skip({ name, allowed }: CheckName, why: string): void {
    this.lines.push({ name, allowed, outcome: 'not-tried', got: why });
  }
}

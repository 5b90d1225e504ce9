// A named receiver of events, as the operator configured it. Workflows know only its name, because a
// webhook's address may hold a secret.
import type { EventType } from '../../workflows/webhooks/contract.ts';

export interface Webhook {
  name: string;
  url: string;
  /**
   * The keys that sign its requests. There are several while one replaces another; the list is never empty.
   */
  secrets: readonly Buffer[];
  /** The types of events that it receives. */
  events: readonly EventType[];
}

/**
 * A webhook did not accept an event. The message names the webhook and the result of the attempt. It never
 * holds the address or the answer.
 */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  /** HTTP status; undefined when no answer came. */
  readonly status: number | undefined;
  /** The receiver's own delay for the next attempt, if it gave one. */
  readonly retryAfterMs: number | undefined;
  /** The receiver wants no more events, or is not configured: another attempt does not help. */
  readonly isPermanent: boolean;

  constructor(
    webhook: string,
    said: string,
    of: { status?: number; retryAfterMs?: number; isPermanent?: boolean; cause?: unknown } = {},
  ) {
    super(`webhook ${webhook}: ${said}`, of.cause === undefined ? {} : { cause: of.cause });
    this.status = of.status;
    this.retryAfterMs = of.retryAfterMs;
    this.isPermanent = of.isPermanent ?? false;
  }
}

// A named receiver of events, as the operator configured it. Workflows know its name only: addresses of
// webhooks hold secrets, too.
import type { EventType } from '../../workflows/webhooks/contract.ts';

export interface Webhook {
  name: string;
  url: string;
  /** What its requests are signed with; several while one takes over from another. Never empty. */
  secrets: readonly Buffer[];
  /** What it wants to hear of. */
  events: readonly EventType[];
}

/**
 * A webhook did not take an event. The message names it and what came of the attempt, never its address or
 * what it answered.
 */
export class WebhookError extends Error {
  override readonly name = 'WebhookError';
  /** Undefined when no answer came. */
  readonly status: number | undefined;
  /** When the receiver wants to be asked again, if it said so. */
  readonly retryAfterMs: number | undefined;
  /** It wants no more events, or is not known: asking again does not help. */
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

// The one table from errors to Temporal failures. A failure has a stable type, a first line that says what to
// do, and whether it is retried. Unknown errors are retried; the list of permanent ones is short. Messages
// come from typed errors only, so that no secret gets through.
import { ClickHouseError } from '@clickhouse/client';
import { ApplicationFailure } from '@temporalio/activity';
import { ZodError } from 'zod';
import { BrokenStreamError } from '../../document/history-batches.ts';
import { FAILURE } from '../../workflows/model/failure.ts';
import {
  DamagedScanError,
  HistoryStreamError,
  RangeMisjudgedError,
  RoomTooLargeError,
  TruncatedAnswerError,
} from '../scans/batch-errors.ts';
import type { Hide } from '../../secrets/hide-secrets.ts';
import { DamagedAnswerError, permanentHistoryError } from '../../clickhouse/history-errors.ts';
import { UnreadableRecordError } from './stage-errors.ts';
import { FileReplacedError, InvalidRequestError } from './stage-errors.ts';
import { remedyOf } from '../../store/remedies.ts';
import { classifyStoreError, StoreError } from '../../store/store-errors.ts';
import { WebhookError } from './webhook.ts';

export function toFailure(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (error instanceof ClickHouseError) return ofHistory(error);
  if (error instanceof StoreError) return ofStore(error);
  if (error instanceof RangeMisjudgedError) {
    return permanent(FAILURE.rangeMisjudged, error.message, error, [error.realOverEstimated]);
  }
  if (error instanceof RoomTooLargeError) return permanent('RoomTooLarge', error.message, error);
  if (error instanceof InvalidRequestError) return permanent(FAILURE.invalidRequest, error.message, error);
  if (error instanceof FileReplacedError) return permanent('FileReplaced', error.message, error);
  if (error instanceof UnreadableRecordError) return permanent('UnreadableRecord', error.message, error);
  if (error instanceof WebhookError) return ofWebhook(error);
  if (error instanceof ZodError) {
    // An answer that was damaged in transit looks like this too, so it is retried.
    const message = `the history answered in another shape than agreed: ${error.issues[0]?.message ?? ''}`;
    return ApplicationFailure.create({ type: 'UnexpectedAnswer', message, cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return ApplicationFailure.create({ type: typeOf(error), message, ...causeOf(error) });
}

/**
 * Whether a server itself reports that the request will never succeed. Our own rules do not count: they
 * reject the same request each time.
 */
export function isRefusal(error: unknown): boolean {
  if (error instanceof ClickHouseError) return permanentHistoryError(error) !== undefined;
  return error instanceof StoreError && classifyStoreError(error) === 'permanent';
}

const HISTORY_ERRORS = [
  ClickHouseError,
  HistoryStreamError,
  DamagedScanError,
  TruncatedAnswerError,
  DamagedAnswerError,
  // These arise when an answer has an unexpected form and cannot be parsed.
  ZodError,
  SyntaxError,
  BrokenStreamError,
];

/** Whether the error comes from what ClickHouse answered, so that a setting of its user may be the cause. */
export function isOfHistory(error: unknown): boolean {
  return HISTORY_ERRORS.some((kind) => error instanceof kind);
}

/** The same failure with one more sentence in its message. */
export function withMore(failure: ApplicationFailure, sentence: string): ApplicationFailure {
  const { message, type, nonRetryable, details, cause } = failure;
  const stop = /[.!?]\s*$/.test(message) ? '' : '.';
  return ApplicationFailure.create({
    message: `${message.trimEnd()}${stop} ${sentence}`,
    type: type ?? 'Error',
    nonRetryable: nonRetryable ?? false,
    details: details ?? [],
    ...(cause === undefined ? {} : { cause }),
  });
}

function ofHistory(error: ClickHouseError): ApplicationFailure {
  const known = permanentHistoryError(error);
  const said = error.message.split('\n', 1)[0] ?? '';
  if (known === undefined) {
    return ApplicationFailure.create({
      type: `ClickHouse.${error.type ?? error.code}`,
      message: said,
      cause: error,
    });
  }
  return permanent(`ClickHouse.${known.name}`, `${known.remedy}. ClickHouse says: ${said}`, error);
}

function ofStore(error: StoreError): ApplicationFailure {
  switch (classifyStoreError(error)) {
    case 'permanent':
      return permanent(`Store.${error.code}`, toRemedy(error), error);
    case 'upload-gone':
      return permanent(FAILURE.uploadGone, error.message, error);
    case 'part-mismatch':
    case 'retryable':
      return ApplicationFailure.create({ type: `Store.${error.code}`, message: error.message, cause: error });
  }
}

/** The remedy, followed by the store's own message. */
function toRemedy(error: StoreError): string {
  const remedy = remedyOf(error);
  return remedy === undefined ? error.message : `${remedy}. The store says: ${error.message}`;
}

function ofWebhook(error: WebhookError): ApplicationFailure {
  const { status, retryAfterMs, isPermanent, message } = error;
  return ApplicationFailure.create({
    type: status === undefined ? 'Webhook' : `Webhook.HTTP_${status}`,
    message,
    cause: error,
    nonRetryable: isPermanent,
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: retryAfterMs }),
  });
}

function permanent(type: string, message: string, cause: Error, details: unknown[] = []): ApplicationFailure {
  return ApplicationFailure.create({ type, message, cause, details, nonRetryable: true });
}

function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Error';
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
}

function causeOf(error: unknown): { cause?: Error } {
  return error instanceof Error ? { cause: error } : {};
}

/**
 * Returns the failure unchanged when it holds no secret. Otherwise it returns a copy without causes and
 * stacks, because those may hold other secrets.
 */
export function withoutSecrets(failure: ApplicationFailure, hide: Hide): ApplicationFailure {
  if (!holdsSecret(failure, hide)) return failure;
  const { message, type, nonRetryable } = failure;
  // In milliseconds, as ofWebhook sets it.
  const delay: unknown = failure.nextRetryDelay;
  const clean = ApplicationFailure.create({
    message: hide(message),
    type: hide(type ?? 'Error'),
    nonRetryable: nonRetryable ?? false,
    ...(typeof delay === 'number' ? { nextRetryDelay: delay } : {}),
  });
  delete clean.stack;
  return clean;
}

function holdsSecret(failure: ApplicationFailure, hide: Hide): boolean {
  for (let at: unknown = failure; at instanceof Error; at = at.cause) {
    const text = `${at.message}\n${at.stack ?? ''}`;
    if (hide(text) !== text) return true;
  }
  const details = JSON.stringify(failure.details ?? []);
  return hide(details) !== details;
}

// Every failure of an object store is a StoreError, and one table maps its code to what happens next. The
// table lists the few permanent errors that a person has to fix; unknown errors are retried. Messages hold
// the store's own sentence, never our headers, signatures or keys.

export interface StoreErrorFacts {
  /** The method of ObjectStore that failed. */
  operation: string;
  /**
   * A code of the store (NoSuchBucket), of the network (ECONNRESET) or of this program (TIMEOUT,
   * UnexpectedAnswer).
   */
  code: string;
  /** HTTP status; undefined when no answer came. An error inside a 200 has status 200. */
  status: number | undefined;
  /** Undefined when the request was for the whole bucket. */
  key: string | undefined;
  /** The name of the destination; undefined when a store was opened without one. */
  destination?: string | undefined;
}

export class StoreError extends Error implements StoreErrorFacts {
  override readonly name = 'StoreError';
  readonly operation: string;
  readonly code: string;
  readonly status: number | undefined;
  readonly key: string | undefined;
  readonly destination: string | undefined;

  constructor({ operation, code, status, key, destination }: StoreErrorFacts, said: string, cause?: unknown) {
    const where = key === undefined ? '' : ` of ${key}`;
    const http = status === undefined ? '' : `, HTTP ${status}`;
    super(`${operation}${where}: ${said} (${code}${http})`, cause === undefined ? {} : { cause });
    this.operation = operation;
    this.code = code;
    this.status = status;
    this.key = key;
    this.destination = destination;
  }
}

/**
 * `permanent`: a person has to fix it. `upload-gone`: begin another upload. `part-mismatch`: a stored part
 * differs from the one named.
 */
export type StoreErrorClass = 'permanent' | 'upload-gone' | 'part-mismatch' | 'retryable';

/** The codes whose errors a retry does not fix, each with its reason or with what the run can do. */
export const STORE_ERROR_CLASSES: ReadonlyMap<string, StoreErrorClass> = new Map<string, StoreErrorClass>([
  // The destination is not what the configuration says.
  ['NoSuchBucket', 'permanent'],
  ['InvalidBucketName', 'permanent'],
  ['PermanentRedirect', 'permanent'], // The bucket lives in another region or under another endpoint.
  ['MovedPermanently', 'permanent'],
  ['AuthorizationHeaderMalformed', 'permanent'], // Signed for another region.
  ['IllegalLocationConstraintException', 'permanent'],

  // The credentials are wrong, blocked, or may not do this.
  ['AccessDenied', 'permanent'],
  ['AllAccessDisabled', 'permanent'],
  ['AccountProblem', 'permanent'],
  ['InvalidAccessKeyId', 'permanent'],
  ['SignatureDoesNotMatch', 'permanent'],
  ['InvalidToken', 'permanent'],
  ['ExpiredToken', 'permanent'], // A fixed session token does not renew itself.
  ['Unauthorized', 'permanent'],

  // The store does not support the request, however often it is sent.
  ['NotImplemented', 'permanent'],
  ['MethodNotAllowed', 'permanent'],
  ['KeyTooLongError', 'permanent'],
  ['InvalidObjectName', 'permanent'],
  ['EntityTooLarge', 'permanent'],
  ['UncheckedDigest', 'permanent'], // One of ours: nothing would show that it keeps damaged bytes.
  ['EntityTooSmall', 'permanent'], // A part but the last is under the store's minimum; the same parts will be again.

  // The upload, which holds the parts, was aborted, completed or purged by the store.
  ['NoSuchUpload', 'upload-gone'],

  // The store has a different part than the one named, or none.
  ['InvalidPart', 'part-mismatch'],
]);

/** Errors of other classes are retryable, because they do not come from the store. */
export function classifyStoreError(error: unknown): StoreErrorClass {
  if (!(error instanceof StoreError)) return 'retryable';
  return STORE_ERROR_CLASSES.get(error.code) ?? 'retryable';
}

/** Returns the result, or null for a StoreError with one of these codes. */
export async function orNull<Result>(
  result: Promise<Result>,
  codes: readonly string[],
): Promise<Result | null> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof StoreError && codes.includes(error.code)) return null;
    throw error;
  }
}

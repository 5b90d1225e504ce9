// The remedy for each store error that a retry does not fix: one sentence that names the destination and the
// variable.
import { variableOf } from './destination.ts';
import type { StoreError } from './store-errors.ts';

/** The text, with `{NAME}` for the destination and `{FIELD:X}` for its variable. */
const REMEDIES: Readonly<Record<string, string>> = {
  NoSuchBucket: 'make the bucket, or correct {FIELD:BUCKET}',
  InvalidBucketName: 'correct {FIELD:BUCKET}',
  PermanentRedirect: 'the bucket lives elsewhere: correct {FIELD:ENDPOINT} or {FIELD:REGION}',
  MovedPermanently: 'the bucket lives elsewhere: correct {FIELD:ENDPOINT} or {FIELD:REGION}',
  AuthorizationHeaderMalformed: 'the bucket lives in another region: correct {FIELD:REGION}',
  IllegalLocationConstraintException: 'the bucket lives in another region: correct {FIELD:REGION}',
  AccessDenied: 'grant its keys the rights that room-streams preflight {NAME} --policy prints',
  AllAccessDisabled: 'the account is disabled; ask who runs the store',
  AccountProblem: 'the account has a problem; ask who runs the store',
  InvalidAccessKeyId: 'correct {FIELD:ACCESS_KEY_ID}',
  SignatureDoesNotMatch: 'correct {FIELD:SECRET_ACCESS_KEY}',
  InvalidToken: 'correct {FIELD:SESSION_TOKEN}',
  ExpiredToken: 'renew {FIELD:SESSION_TOKEN}',
  Unauthorized: 'correct its keys',
  NotImplemented: 'the store cannot do this; room-streams preflight {NAME} tries what is needed',
  MethodNotAllowed: 'the store does not allow this; room-streams preflight {NAME} tries what is needed',
  KeyTooLongError: "shorten the stream's key template or prefix",
  InvalidObjectName: "change the stream's key template or prefix",
  UncheckedDigest:
    'use a store that refuses a wrong Content-MD5, or whose ETags are the MD5 of the bytes; room-streams preflight {NAME} tries it',
  EntityTooLarge: 'lower BATCH_MB_PLAIN and BATCH_MB_GZIP of the workers',
  EntityTooSmall: 'raise BATCH_MB_PLAIN of the workers',
};

/** Undefined for errors that may pass, and when no destination is named. */
export function remedyOf({ code, destination }: StoreError): string | undefined {
  const remedy = REMEDIES[code];
  if (remedy === undefined || destination === undefined) return undefined;
  const text = remedy
    .replaceAll('{NAME}', destination)
    .replaceAll(/\{FIELD:(\w+)\}/g, (_all, field: string) => variableOf(destination, field));
  return `destination ${destination}: ${text}`;
}

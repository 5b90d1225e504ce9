// One HTTP exchange with the store, in the form of the transport that minio-js calls. minio-js signs and
// addresses a request, and this file sends it. It adds what minio-js lacks: an abort signal, time-outs, and
// errors that keep the store's code and status. It never retries; Temporal does that visibly.
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { makeHide } from '../secrets/hide-secrets.ts';
import { readError, UnexpectedAnswerError } from './s3-answers.ts';
import { StoreError } from './store-errors.ts';
import type { StoreErrorFacts } from './store-errors.ts';

export interface StoreTimeouts {
  /** How long connecting may take, TLS included. */
  connectMs: number;
  /** How long no byte may pass in either direction. */
  idleMs: number;
}

export interface Exchange {
  operation: string;
  key: string | undefined;
  destination?: string;
  /**
   * The keys that signed the request. A store, or a proxy before it, may repeat in its error what it was
   * sent.
   */
  secrets?: readonly (string | undefined)[];
  signal: AbortSignal | undefined;
  timeouts: StoreTimeouts;
  /**
   * Set when a time-out ended the exchange. A response in progress then ends with an error that does not
   * mention the time-out.
   */
  timedOut?: StoreError;
}

/**
 * minio-js declares its transport with the type of Node's `request`, but only calls it with options and a
 * callback.
 */
type Request = typeof http.request;
type OnResponse = (response: http.IncomingMessage) => void;

/** Error bodies are a few hundred bytes of XML; the page of a proxy may be longer. */
const ERROR_BODY_BYTES_MAX = 64 * 1024;

/** The transport for one call. Fails with a StoreError, or with the signal's reason once it is aborted. */
export function openTransport(exchange: Exchange): { request: Request } {
  const request = (options: http.RequestOptions, onResponse: OnResponse): http.ClientRequest => {
    const send = options.protocol === 'https:' ? https.request : http.request;
    const sent = send({ ...options, timeout: exchange.timeouts.idleMs, ...signalOf(exchange) });
    watchTimeouts(sent, exchange);
    sent.on('response', (response: http.IncomingMessage) => {
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) {
        onResponse(response);
        return;
      }
      toAnsweredError(exchange, response).then(
        (error) => sent.emit('error', error),
        (error: unknown) => sent.emit('error', error),
      );
    });
    return sent;
  };
  // The overloads that take a URL are never called.
  return { request: request as Request };
}

/**
 * Reads an answer as a whole.
 * @throws when it is longer than `bytesMax` or ends early
 */
export async function readWhole(
  exchange: Exchange,
  response: http.IncomingMessage,
  bytesMax: number,
): Promise<Buffer> {
  const kept: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > bytesMax) {
      response.destroy();
      throw new StoreError(
        { ...factsOf(exchange), code: 'TooLarge', status: response.statusCode },
        `the object is larger than the ${bytesMax} bytes allowed here`,
      );
    }
    kept.push(chunk);
  }
  return Buffer.concat(kept);
}

/** Returns the answer as a stream whose errors are StoreErrors. */
export function readAsItComes(exchange: Exchange, response: http.IncomingMessage): Readable {
  return Readable.from(chunksOf(exchange, response), { objectMode: false });
}

async function* chunksOf(exchange: Exchange, response: Readable): AsyncGenerator<Buffer> {
  try {
    yield* response as AsyncIterable<Buffer>;
  } catch (error) {
    throw toStoreError(exchange, error);
  }
}

/**
 * The error that a body names; undefined when it names none. An error can also be inside a 200, because a
 * store starts answering a completion before it knows the result.
 */
export function errorInBody(exchange: Exchange, status: number, body: string): StoreError | undefined {
  const found = readError(body);
  if (found === undefined) return undefined;
  const hide = makeHide(exchange.secrets ?? []);
  const { code, said } = found;
  return new StoreError(
    { ...factsOf(exchange), code: hide(code), status },
    said === '' ? 'refused' : hide(said),
  );
}

/** Converts any error of a call to a StoreError, or to the signal's reason when it was aborted. */
export function toStoreError(exchange: Exchange, error: unknown): unknown {
  if (exchange.signal?.aborted === true) return exchange.signal.reason;
  if (exchange.timedOut !== undefined) return exchange.timedOut;
  if (error instanceof StoreError) return error;
  const said = error instanceof Error ? error.message : String(error);
  const clean = makeHide(exchange.secrets ?? [])(said);
  const facts = { ...factsOf(exchange), code: codeOf(error), status: undefined };
  return new StoreError(facts, clean, clean === said ? error : undefined);
}

function watchTimeouts(sent: http.ClientRequest, exchange: Exchange): void {
  const { connectMs, idleMs } = exchange.timeouts;
  const timeOut = (said: string) => {
    const error = new StoreError({ ...factsOf(exchange), code: 'TIMEOUT', status: undefined }, said);
    exchange.timedOut = error;
    sent.destroy(error);
  };
  sent.on('timeout', () => timeOut(`the store did not answer within ${idleMs} ms`));
  sent.on('socket', (socket) => {
    if (!socket.connecting) return;
    const timer = setTimeout(() => timeOut(`no connection to the store within ${connectMs} ms`), connectMs);
    const connected = 'encrypted' in socket ? 'secureConnect' : 'connect';
    socket.once(connected, () => clearTimeout(timer));
    socket.once('close', () => clearTimeout(timer));
  });
}

async function toAnsweredError(exchange: Exchange, response: http.IncomingMessage): Promise<unknown> {
  const status = response.statusCode ?? 0;
  try {
    const body = (await readWhole(exchange, response, ERROR_BODY_BYTES_MAX)).toString('utf8');
    const named = errorInBody(exchange, status, body);
    if (named !== undefined) return named;
  } catch (error) {
    return toStoreError(exchange, error);
  }
  // The answer to a HEAD has no body, so MinIO names the code in a header.
  const header = response.headers['x-minio-error-code'];
  const code = typeof header === 'string' ? header : (CODES_OF_STATUS[status] ?? 'UnexpectedAnswer');
  return new StoreError({ ...factsOf(exchange), code, status }, http.STATUS_CODES[status] ?? 'refused');
}

/** The code of a status, used when the answer names none. */
const CODES_OF_STATUS: Readonly<Record<number, string>> = {
  301: 'PermanentRedirect',
  304: 'NotModified',
  307: 'TemporaryRedirect',
  401: 'Unauthorized',
  403: 'AccessDenied',
  404: 'NotFound',
  405: 'MethodNotAllowed',
  412: 'PreconditionFailed',
  429: 'SlowDown',
  501: 'NotImplemented',
  503: 'SlowDown',
};

function signalOf({ signal }: Exchange): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

function factsOf({
  operation,
  key,
  destination,
}: Exchange): Pick<StoreErrorFacts, 'operation' | 'key' | 'destination'> {
  return { operation, key, destination };
}

/** minio-js names its own errors by class, such as InvalidBucketNameError. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'Unknown';
  if (error instanceof UnexpectedAnswerError) return 'UnexpectedAnswer';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  return error.constructor.name === 'Error' ? 'Unknown' : error.constructor.name.replace(/Error$/, '');
}

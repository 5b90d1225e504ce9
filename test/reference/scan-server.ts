// A server that answers the three scans as ClickHouse does, or as it never should: shortened, damaged, cut
// off, with an error in mid-stream. Tests say what each scan gets.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { HistoryConnection } from '../../clickhouse/history-client.ts';
import type { ScannedRange } from '../../document/history-batches.ts';
import type { ScanName } from './history-rows.ts';

/** What the server sends as the tag of its errors. */
export const EXCEPTION_TAG = 'rkPyzRZVwxTSQNFb';

export interface ScanAnswer {
  /** As it is sent. */
  body: Buffer;
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** Closes the connection behind the body, without the end that HTTP wants. */
  isCut?: boolean;
  /** Holds the body back until this resolves. */
  until?: Promise<unknown>;
}

export type ScanAnswers = Record<ScanName, ScanAnswer>;

const VIEWS: readonly (readonly [ScanName, RegExp])[] = [
  ['rooms', /FROM export_rooms\b/],
  ['peers', /FROM export_peers\b/],
  ['totals', /FROM export_track_totals\b/],
];

export class ScanServer {
  readonly #server: Server;
  #answers: ScanAnswers | undefined;
  /** Called with each scan that is asked for. */
  onScan: (scan: ScanName) => void = () => undefined;
  /** Called with each scan whose answer nobody waited for. */
  onHangUp: (scan: ScanName) => void = () => undefined;

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async open(): Promise<ScanServer> {
    const server = new ScanServer();
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get connection(): HistoryConnection {
    const { port } = this.#server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, database: 'any', user: 'any', password: '' };
  }

  answer(answers: ScanAnswers): void {
    this.#answers = answers;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let query = request.url ?? '';
    for await (const piece of request as AsyncIterable<Buffer>) query += piece.toString('utf8');
    const scan = VIEWS.find(([, view]) => view.test(query))?.[0];
    const answer = scan === undefined ? undefined : this.#answers?.[scan];
    if (scan === undefined || answer === undefined) {
      response.writeHead(500).end('no scan');
      return;
    }
    this.onScan(scan);
    const { body, status = 200, headers = {}, isCut = false, until } = answer;
    response.writeHead(status, {
      // Errors are sent as they are.
      ...(status === 200 ? { 'content-encoding': 'gzip' } : {}),
      'x-clickhouse-exception-tag': EXCEPTION_TAG,
      ...headers,
    });
    response.flushHeaders();
    response.once('close', () => {
      if (!response.writableEnded) this.onHangUp(scan);
    });
    await until;
    if (!isCut) response.end(body);
    else response.write(body, () => response.destroy());
  }
}

/** As ClickHouse packs it at level 0, or at another level. */
export function packed(stream: Uint8Array, level = 0): Buffer {
  return gzipSync(stream, { level });
}

/** Each scan's stream whole. */
export function answersOf(range: ScannedRange, level = 0): ScanAnswers {
  return {
    rooms: { body: packed(range.rooms, level) },
    peers: { body: packed(range.peers, level) },
    totals: { body: packed(range.totals, level) },
  };
}

/** What ClickHouse writes behind its answer when it meets an error in mid-stream. */
export function exceptionText(message: string, tag = EXCEPTION_TAG): Buffer {
  const length = Buffer.byteLength(message) + 1;
  return Buffer.from(`\r\n__exception__\r\n${tag}\r\n${message}\n${length} ${tag}\r\n__exception__\r\n`);
}

// A proxy in front of ClickHouse that does something to one scan's answer at an exact place: flips a bit of
// it, or cuts the connection. All other traffic passes as it is.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { ScanName } from '../reference/history-rows.ts';

export interface ScanFault {
  scan: ScanName;
  /** Bytes of the answer before it, HTTP's head included. */
  at: number;
  kind: 'cut' | 'flip';
  /** The bit that is flipped. */
  bit?: number;
}

const VIEWS: readonly (readonly [ScanName, string])[] = [
  ['rooms', 'FROM export_rooms'],
  ['peers', 'FROM export_peers'],
  ['totals', 'FROM export_track_totals'],
];

export class ScanProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #fault: ScanFault | undefined;
  /** How long each scan's last answer was, HTTP's head included. */
  readonly lengths: Record<ScanName, number> = { rooms: 0, peers: 0, totals: 0 };
  /** The fault has happened. */
  isHit = false;

  private constructor(target: { host: string; port: number }) {
    this.#server = createServer((client) => this.#serve(client, connect(target)));
  }

  static async open(target: { host: string; port: number }): Promise<ScanProxy> {
    const proxy = new ScanProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  arm(fault: ScanFault | undefined): void {
    this.#fault = fault;
    this.isHit = false;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket, server: Socket): void {
    let request = '';
    let scan: ScanName | undefined;
    let passed = 0;
    const end = () => {
      for (const socket of [client, server]) {
        socket.destroy();
        this.#sockets.delete(socket);
      }
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    client.on('data', (chunk: Buffer) => {
      // A connection serves request after request; an answer begins only behind its request.
      if (passed > 0) [request, passed] = ['', 0];
      request += chunk.toString('latin1');
      scan = VIEWS.find(([, view]) => request.includes(view))?.[0];
      server.write(chunk);
    });
    server.on('data', (chunk: Buffer) => {
      const from = passed;
      passed += chunk.length;
      if (scan !== undefined) this.lengths[scan] = passed;
      const fault = this.#fault;
      const isHere = fault?.scan === scan && fault !== undefined && fault.at >= from && fault.at < passed;
      if (!isHere || this.isHit) {
        client.write(chunk);
        return;
      }
      this.isHit = true;
      const place = fault.at - from;
      if (fault.kind === 'cut') {
        client.write(chunk.subarray(0, place), end);
      } else {
        chunk.writeUInt8((chunk[place] ?? 0) ^ (1 << (fault.bit ?? 0)), place);
        client.write(chunk);
      }
    });
  }
}

// A proxy between the worker and one server that does to connections what networks do: cuts them, delays and
// throttles them, damages a byte, or eats an answer whose request went through. Knows nothing of the
// protocols but the first bytes of a request.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface ProxyTarget {
  host: string;
  port: number;
}

/** Which bytes may be damaged: those on the way to the worker, or those to the server. */
export type Direction = 'to-worker' | 'to-server';

interface Damage {
  direction: Direction;
  /** Bytes of that direction that pass before the damaged one, so that it hits a body and not a head. */
  afterBytes: number;
}

export class TcpProxy {
  readonly #server: Server;
  readonly #target: ProxyTarget;
  readonly #pairs = new Set<Socket>();
  #delayMs = 0;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  #damage: Damage | undefined;
  #eat: RegExp | undefined;
  /** Hears of each fault that has really happened. */
  onHit: (fault: string) => void = () => undefined;

  private constructor(target: ProxyTarget) {
    this.#target = target;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#serve(client));
  }

  static async open(target: ProxyTarget): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection that is open now; new ones are taken. */
  cut(): void {
    if (this.#pairs.size > 0) this.onHit('cut');
    for (const socket of this.#pairs) socket.destroy();
  }

  /** Slows every connection from now on. */
  slow({ delayMs = 0, bytesPerSecond = Number.POSITIVE_INFINITY }): void {
    this.#delayMs = delayMs;
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Flips a bit of the first chunk that is far enough into its connection's traffic. */
  damageNext(damage: Damage): void {
    this.#damage = damage;
  }

  /** Lets the next request whose head matches through, and ends the connection instead of answering. */
  eatNextAnswer(request: RegExp): void {
    this.#eat = request;
  }

  /** Back to a network that works. */
  heal(): void {
    this.slow({});
    this.#damage = undefined;
    this.#eat = undefined;
  }

  async close(): Promise<void> {
    for (const socket of this.#pairs) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #serve(client: Socket): void {
    const server = connect(this.#target);
    const pair = [client, server];
    let eats = false;
    const end = () => {
      for (const socket of pair) {
        socket.destroy();
        this.#pairs.delete(socket);
      }
    };
    for (const socket of pair) {
      this.#pairs.add(socket);
      socket.on('error', end);
      socket.on('close', end);
    }
    const watch = (chunk: Buffer) => {
      if (this.#eat === undefined || !this.#eat.test(chunk.toString('latin1', 0, HEAD_BYTES))) return;
      this.#eat = undefined;
      eats = true;
    };
    void this.#pump(client, server, { direction: 'to-server', onChunk: watch }).finally(end);
    void this.#pump(server, client, {
      direction: 'to-worker',
      onChunk: () => {
        if (!eats) return;
        this.onHit('answer eaten');
        end();
      },
    }).finally(end);
  }

  async #pump(
    from: Socket,
    to: Socket,
    { direction, onChunk }: { direction: Direction; onChunk: (chunk: Buffer) => void },
  ): Promise<void> {
    let passed = 0;
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        onChunk(chunk);
        if (to.destroyed) return;
        if (this.#delayMs > 0) await wait(this.#delayMs);
        if (Number.isFinite(this.#bytesPerSecond)) await wait((1000 * chunk.length) / this.#bytesPerSecond);
        this.#damageMaybe(chunk, { direction, passed });
        passed += chunk.length;
        if (!to.write(chunk)) await once(to, 'drain');
      }
      to.end();
    } catch {
      // A connection that breaks is what this program is for; both ends hear of it by their own sockets.
    }
  }

  #damageMaybe(chunk: Buffer, { direction, passed }: { direction: Direction; passed: number }): void {
    const damage = this.#damage;
    if (damage?.direction !== direction || passed < damage.afterBytes) return;
    this.#damage = undefined;
    const at = Math.floor(chunk.length / 2);
    chunk.writeUInt8((chunk[at] ?? 0) ^ 0x01, at);
    this.onHit(`byte damaged ${direction}`);
  }
}

/** The request line and the first headers. */
const HEAD_BYTES = 2_048;

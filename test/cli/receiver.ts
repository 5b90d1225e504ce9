// A receiver of webhooks on loopback, as a customer would write it: a real HTTP server that verifies each
// signature by itself, keeps what it got and answers as it is told.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  id: string;
  type: string;
  data: Record<string, unknown>;
  timestamp: string;
  isSigned: boolean;
  atMs: number;
}

/** What to answer to the n-th request, counted from 0; 'never' keeps it waiting. */
export type Answer = (attempt: number) => { status: number; headers?: Record<string, string> } | 'never';

export interface Receiver {
  url: string;
  secret: string;
  received: Received[];
  close(): Promise<void>;
}

export async function startReceiver(answer: Answer = () => ({ status: 204 })): Promise<Receiver> {
  const key = Buffer.alloc(32, 5);
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void take(request, response).catch(() => response.destroy());
  });
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    const attempt = received.length;
    received.push(toReceived(request, body, key));
    const told = answer(attempt);
    if (told === 'never') return;
    response.writeHead(told.status, told.headers).end('an answer that nobody reads');
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hooks/room-streams`,
    secret: `whsec_${key.toString('base64')}`,
    received,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function toReceived({ headers }: IncomingMessage, body: string, key: Buffer): Received {
  const [id, timestamp, signature] = ['id', 'timestamp', 'signature'].map((name) =>
    String(headers[`webhook-${name}`]),
  ) as [string, string, string];
  const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  const { type, data } = JSON.parse(body) as { type: string; data: Record<string, unknown> };
  const ageMs = Math.abs(Date.now() - Number(timestamp) * 1000);
  const isSigned = signature.split(' ').includes(`v1,${digest}`) && ageMs < 300_000;
  return { id, type, data, timestamp, isSigned, atMs: Date.now() };
}

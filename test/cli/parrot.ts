// A server that repeats in its error whatever it was sent, as some proxies do.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A store, or a proxy before it, that says in its error whatever it was sent. */
export async function startParrot(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume();
    const heard = JSON.stringify(request.headers).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    response
      .writeHead(403)
      .end(`<Error><Code>AccessDenied</Code><Message>I heard ${heard}</Message></Error>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

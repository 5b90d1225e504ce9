// The connections to one store, which are kept alive between requests. Over https they are verified by the
// well-known authorities and the destination's own.
import http from 'node:http';
import https from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { DestinationPlace } from './destination.ts';

/**
 * Shorter than servers keep idle connections (SeaweedFS and AWS: seconds to minutes), so that a connection
 * that the server is closing is never used.
 */
const IDLE_SOCKET_MS = 4_000;

/**
 * Opens no connection yet.
 * @throws TypeError when the endpoint is not an http(s) URL of a host alone
 */
export function openAgent({ name, endpoint, caCertificates }: DestinationPlace): http.Agent {
  const { protocol, pathname } = new URL(endpoint);
  if (!/^https?:$/.test(protocol) || pathname !== '/') {
    throw new TypeError(
      `destination ${name}: endpoint: got ${endpoint}, allowed: http://host:port or https://host:port`,
    );
  }
  const options = { keepAlive: true, timeout: IDLE_SOCKET_MS };
  if (protocol === 'http:') return new http.Agent(options);
  if (caCertificates === undefined) return new https.Agent(options);
  // Made once, because loading all authorities for every connection takes milliseconds.
  const secureContext = createSecureContext({ ca: [...rootCertificates, caCertificates] });
  return new https.Agent({ ...options, secureContext });
}

// The connections to one store: kept alive between requests, and over https checked against the well-known
// authorities and those that the destination names.
import http from 'node:http';
import https from 'node:https';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { DestinationPlace } from './destination.ts';

/**
 * Shorter than servers keep idle connections (SeaweedFS and AWS: seconds to minutes), so that none is used
 * that is closing.
 */
const IDLE_SOCKET_MS = 4_000;

/** Opens no connection yet. Throws a TypeError when the endpoint is no http(s) URL of a host alone. */
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
  // Made once: reading all authorities anew for every connection costs milliseconds.
  const secureContext = createSecureContext({ ca: [...rootCertificates, caCertificates] });
  return new https.Agent({ ...options, secureContext });
}

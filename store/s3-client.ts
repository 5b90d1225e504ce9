// Uses minio-js to build paths and to sign requests. There is one client per call, because a client has one
// transport and the transport carries the call's abort signal. Making a client takes microseconds;
// connections live in the shared agent.
import type http from 'node:http';
import { Client } from 'minio';
import type { DestinationPlace, StoreKeys } from './destination.ts';
import { openTransport } from './store-transport.ts';
import type { Exchange } from './store-transport.ts';

export interface ClientOptions {
  destination: DestinationPlace;
  keys: StoreKeys;
  agent: http.Agent;
  exchange: Exchange;
  /**
   * Whether the signature covers the body's SHA-256, as TLS already protects it over https. False for a body
   * whose Content-MD5 is signed: one verified digest is enough, and SHA-256 costs both sides more than the
   * rest of a request.
   */
  signsBody: boolean;
}

export function openClient({ destination, keys, agent, exchange, signsBody }: ClientOptions): Client {
  const endpoint = new URL(destination.endpoint);
  const { accessKeyId, secretAccessKey, sessionToken } = keys;
  const client = new Client({
    endPoint: endpoint.hostname.replace(/^\[|\]$/g, ''),
    port: endpoint.port === '' ? (endpoint.protocol === 'https:' ? 443 : 80) : Number(endpoint.port),
    useSSL: endpoint.protocol === 'https:',
    // Without a region, the library asks the store for it before every first call.
    region: destination.region,
    pathStyle: destination.pathStyle,
    accessKey: accessKeyId,
    secretKey: secretAccessKey,
    transport: openTransport(exchange),
    transportAgent: agent,
    retryOptions: { disableRetry: true },
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
  // Otherwise it sends `UNSIGNED-PAYLOAD` instead of the body's SHA-256.
  client.enableSHA256 &&= signsBody;
  return client;
}

// minio-js as it is used here: it builds paths and signs. One client per call, because a client has one transport
// and the transport carries the call's abort signal; making one costs microseconds, connections live in the shared agent.
import type http from 'node:http';
import { Client } from 'minio';
import { type Destination } from './destination.ts';
import { openTransport, type Exchange } from './store-transport.ts';

export function openClient(destination: Destination, agent: http.Agent, exchange: Exchange): Client {
  const endpoint = new URL(destination.endpoint);
  const { sessionToken } = destination;
  return new Client({
    endPoint: endpoint.hostname.replace(/^\[|\]$/g, ''),
    port: endpoint.port === '' ? (endpoint.protocol === 'https:' ? 443 : 80) : Number(endpoint.port),
    useSSL: endpoint.protocol === 'https:',
    // Always given: without one, the library asks the store for it before every first call.
    region: destination.region,
    pathStyle: destination.pathStyle,
    accessKey: destination.accessKeyId,
    secretKey: destination.secretAccessKey,
    transport: openTransport(exchange),
    transportAgent: agent,
    retryOptions: { disableRetry: true },
    ...(sessionToken === undefined ? {} : { sessionToken }),
  });
}

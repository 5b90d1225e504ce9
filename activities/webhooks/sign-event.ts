// Signs a delivery by the Standard Webhooks specification: HMAC-SHA256 over id, time and body. Neither time
// nor body can be changed, and an old delivery cannot be replayed. Any library of that specification verifies
// it.
import { createHmac } from 'node:crypto';

export interface SignedHeaders {
  'webhook-id': string;
  /** The time of this attempt, in seconds since the epoch. */
  'webhook-timestamp': string;
  /** One signature for each secret, separated by spaces: `v1,` and base64. */
  'webhook-signature': string;
}

export function signEvent(
  { id, body, atMs }: { id: string; body: string; atMs: number },
  secrets: readonly Buffer[],
): SignedHeaders {
  const timestamp = String(Math.floor(atMs / 1000));
  const signatures = secrets.map((secret) => {
    const digest = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${digest}`;
  });
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
}

// The signature of a delivery, by the Standard Webhooks specification: HMAC-SHA256 over id, time and body, so
// that neither can be changed and no old delivery can be played again. Any library of that specification
// verifies it.
import { createHmac } from 'node:crypto';

export interface SignedHeaders {
  'webhook-id': string;
  /** Seconds since the epoch, of this attempt. */
  'webhook-timestamp': string;
  /** One for each secret, separated by spaces: `v1,` and base64. */
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

// The webhooks of a worker: WEBHOOKS names them, and each has its variables WEBHOOK_<NAME>_…, with the
// hyphens of its name as underscores. Addresses may hold secrets, so no message shows one.
import { z } from 'zod';
import type { Webhook } from '../activities/runtime/webhook.ts';
import { EVENT_TYPES } from '../workflows/webhooks/contract.ts';
import type { EventType } from '../workflows/webhooks/contract.ts';
import { listNames, reportUnknown, stemOf } from './named.ts';
import { readVariables } from './read-variables.ts';
import type { Environment } from './read-variables.ts';

/** From the Standard Webhooks specification: shorter keys can be guessed, longer ones are hashed first. */
const SECRET_BYTES_MIN = 24;
const SECRET_BYTES_MAX = 64;

const SECRETS_ALLOWED = `whsec_ and the base64 of ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX} bytes; while one takes over from another, both, separated by a comma`;
const EVENTS_ALLOWED = `of ${EVENT_TYPES.join(', ')}, separated by commas`;

export const WEBHOOK_VARIABLES = {
  URL: z
    .string('http://host/path or https://host/path')
    .refine(isReceiver, 'http://host/path or https://host/path, without a user or a password'),
  SECRET: z
    .string(SECRETS_ALLOWED)
    .refine((text) => text.split(',').every(isSecret), SECRETS_ALLOWED)
    .transform((text) => text.split(',').map((secret) => Buffer.from(secret.slice(PREFIX.length), 'base64'))),
  EVENTS: z
    .string()
    .default(EVENT_TYPES.join(','))
    .refine((text) => toNames(text).every(isEventType), EVENTS_ALLOWED)
    .transform((text) => toNames(text).filter(isEventType)),
};

const PREFIX = 'whsec_';
const KIND = { list: 'WEBHOOKS', stem: 'WEBHOOK', noun: 'webhook' };

/** `WEBHOOK_OPS_` for `ops`. */
export function webhookStemOf(webhook: string): string {
  return stemOf(KIND.stem, webhook);
}

/** Returns the valid webhooks, and adds the problems of the others to `problems`. */
export function readWebhooks(
  list: string,
  environment: Environment,
  problems: string[],
): Map<string, Webhook> {
  const webhooks = new Map<string, Webhook>();
  const names = listNames(KIND, list, problems);
  for (const name of names) {
    const stem = webhookStemOf(name);
    const { complete: values } = readVariables(WEBHOOK_VARIABLES, { environment, problems, stem });
    reportUnknown({ ...KIND, name, names, variables: Object.keys(WEBHOOK_VARIABLES) }, environment, problems);
    if (values === undefined) continue;
    const { URL: url, SECRET: secrets, EVENTS: events } = values;
    webhooks.set(name, { name, url, secrets, events });
  }
  return webhooks;
}

function isReceiver(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, hash } = new URL(text);
  return username === '' && password === '' && hash === '';
}

function isSecret(text: string): boolean {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(text)) return false;
  const { length } = Buffer.from(text.slice(PREFIX.length), 'base64');
  return length >= SECRET_BYTES_MIN && length <= SECRET_BYTES_MAX;
}

function toNames(text: string): string[] {
  return text.split(',').map((name) => name.trim());
}

function isEventType(name: string): name is EventType {
  return (EVENT_TYPES as readonly string[]).includes(name);
}

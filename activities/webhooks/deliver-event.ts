// Makes one attempt to deliver an event to a webhook: signed, with a time-out, without following redirects.
// Temporal repeats it visibly. Only the status of an answer counts; its body is not read.
import { toRunPage } from '../../workflows/model/run-page.ts';
import type { AnnouncedEvent, Delivery } from '../../workflows/webhooks/contract.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { signEvent } from './sign-event.ts';
import { WebhookError } from '../runtime/webhook.ts';
import type { Webhook } from '../runtime/webhook.ts';

/** Recommended by the specification: a receiver accepts the event first and processes it later. */
const ATTEMPT_MS = 15_000;

/** A receiver may ask for a delay of at most the longest pause between two attempts. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** With this status a receiver reports that it wants no more events. */
const HTTP_GONE = 410;

export async function deliverEvent(
  tools: StageTools,
  { webhook: name, event }: Delivery,
  run: StageRun,
): Promise<{ status: number }> {
  const webhook = tools.webhooks.get(name);
  if (webhook === undefined)
    throw new WebhookError(name, 'not known to this worker any more (WEBHOOKS)', { isPermanent: true });
  const body = toBody(tools, event);
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(ATTEMPT_MS)]);
  const response = await post(webhook, { event, body, atMs: tools.nowMs(), signal });
  // The body is not needed and may be long.
  await response.body?.cancel();
  const { status } = response;
  if (status >= 200 && status < 300) return { status };
  const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
  throw new WebhookError(name, `HTTP ${status}`, {
    status,
    isPermanent: status === HTTP_GONE,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

async function post(
  { name, url, secrets }: Webhook,
  { event, body, atMs, signal }: { event: AnnouncedEvent; body: string; atMs: number; signal: AbortSignal },
): Promise<Response> {
  try {
    return await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'room-streams',
        ...signEvent({ id: event.id, body, atMs }, secrets),
      },
      // Following a redirect would send the event to an address that the operator did not configure.
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    if (signal.aborted)
      throw new WebhookError(name, `no answer within ${ATTEMPT_MS / 1000} s`, { cause: signal.reason });
    // The error's own message may contain the address.
    throw new WebhookError(name, networkCode(error) ?? 'no connection');
  }
}

/** The body that the receiver gets. The page of the run is added here, because only the worker knows it. */
function toBody({ ui }: StageTools, { id, type, atMs, data }: AnnouncedEvent): string {
  const run = 'run_id' in data ? { workflowId: data.workflow_id, runId: data.run_id } : null;
  const page = run === null || ui === null ? {} : { page: toRunPage(ui, run) };
  return JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), id, data: { ...data, ...page } });
}

/** Only seconds are supported: a date would depend on our clock and the receiver's. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null || !/^\d{1,6}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1000, RETRY_AFTER_MS_MAX);
}

/** Node hides the code of a network error in its cause. */
function networkCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AggregateError && at.errors.length > 0) return networkCode(at.errors[0]);
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return undefined;
}

// One attempt to hand an event to a webhook: signed, with a time-out, following nobody elsewhere. Temporal
// repeats it, visibly. What a receiver answers is not read: only its status counts.
import { toRunPage } from '../../workflows/model/run-page.ts';
import type { AnnouncedEvent, Delivery } from '../../workflows/webhooks/contract.ts';
import type { StageRun } from '../runtime/run-stage.ts';
import type { StageTools } from '../runtime/stage-tools.ts';
import { signEvent } from './sign-event.ts';
import { WebhookError } from '../runtime/webhook.ts';
import type { Webhook } from '../runtime/webhook.ts';

/** What the specification recommends: a receiver takes the event and works on it later. */
const ATTEMPT_MS = 15_000;

/** A receiver may put us off for as long as the longest pause between two attempts. */
const RETRY_AFTER_MS_MAX = 3_600_000;

/** By these a receiver says that it wants no more. */
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
  // Its body is of no interest, and may be long.
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
      // An answer that sends us elsewhere would carry the event to whom the operator did not name.
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    if (signal.aborted)
      throw new WebhookError(name, `no answer within ${ATTEMPT_MS / 1000} s`, { cause: signal.reason });
    // The message of the error itself may hold the address.
    throw new WebhookError(name, networkCode(error) ?? 'no connection');
  }
}

/** As the receiver gets it: the page of the run is known to the worker only. */
function toBody({ ui }: StageTools, { id, type, atMs, data }: AnnouncedEvent): string {
  const run = 'run_id' in data ? { workflowId: data.workflow_id, runId: data.run_id } : null;
  const page = run === null || ui === null ? {} : { page: toRunPage(ui, run) };
  return JSON.stringify({ type, timestamp: new Date(atMs).toISOString(), id, data: { ...data, ...page } });
}

/** In seconds only: a date would have to be believed against our clock. */
function readRetryAfter(text: string | null): number | undefined {
  if (text === null || !/^\d{1,6}$/.test(text)) return undefined;
  return Math.min(Number(text) * 1000, RETRY_AFTER_MS_MAX);
}

/** Node hides the code of a network error below a general one. */
function networkCode(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AggregateError && at.errors.length > 0) return networkCode(at.errors[0]);
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return undefined;
}

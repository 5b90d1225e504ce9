// Delivers one event to every webhook that wants it. Each webhook is retried independently for a day. It runs
// beside the export, which does not wait for it. The workflow's id is the event's, so an event that is
// announced twice is delivered by one workflow.
import { ApplicationFailure, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { announcedEvent } from './input.ts';
import { webhookQueueOf } from './contract.ts';
import type { AnnouncedEvent, Announcements } from './contract.ts';

/** Longer than a receiver's deployment or a weekend night. After that the failure stays visible. */
const DELIVERED_WITHIN = '24 hours';

const local = proxyActivities<Announcements>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: DELIVERED_WITHIN,
});

/**
 * An attempt ends by itself after fifteen seconds (activities/webhooks/). Retries begin quickly, for a
 * receiver that restarts.
 */
function callDelivery(webhook: string): ReturnType<typeof proxyActivities<Announcements>> {
  return proxyActivities<Announcements>({
    taskQueue: webhookQueueOf(workflowInfo().taskQueue, webhook),
    startToCloseTimeout: '30 seconds',
    scheduleToCloseTimeout: DELIVERED_WITHIN,
    retry: { initialInterval: '5 seconds', backoffCoefficient: 2, maximumInterval: '1 hour' },
  });
}

export interface Announced {
  delivered: string[];
}

/** Fails when some webhooks did not accept the event, and names them. */
export async function announceEvent(event: AnnouncedEvent): Promise<Announced> {
  assertInput('announceEvent', announcedEvent, event);
  const webhooks = await local.listWebhooks({ type: event.type });
  const states = new Map(webhooks.map((name) => [name, 'waiting']));
  const show = (): void => setCurrentDetails(toMarkdown(states));
  show();
  await Promise.all(
    webhooks.map(async (webhook) => {
      try {
        const summary = `${event.type} to ${webhook}`;
        const { deliverEvent } = callDelivery(webhook);
        const { status } = await deliverEvent.executeWithOptions({ summary }, [{ webhook, event }]);
        states.set(webhook, `taken, HTTP ${status}`);
      } catch (error) {
        states.set(webhook, `not taken: ${innermostMessage(error)}`);
      }
      show();
    }),
  );
  const missed = [...states].filter(([, state]) => state.startsWith('not taken'));
  if (missed.length > 0) {
    throw ApplicationFailure.nonRetryable(
      `${missed.map(([name, state]) => `webhook ${name}: ${state}`).join('; ')}. Fix it; later events are delivered again`,
      'EventNotTaken',
    );
  }
  return { delivered: webhooks };
}

function toMarkdown(states: ReadonlyMap<string, string>): string {
  if (states.size === 0) return 'No webhook wants events of this type.';
  const rows = [...states].map(([name, state]) => `| ${name} | ${state} |`);
  return ['| Webhook | State |', '|---|---|', ...rows].join('\n');
}

function innermostMessage(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof ApplicationFailure || at.cause === undefined) return at.message;
  }
  return String(error);
}

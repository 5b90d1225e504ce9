// Delivers one event to every webhook that wants it, each by itself, again and again for a day. Runs beside
// the export, which waits for none of it. The workflow's id is the event's, so an event that is announced
// twice is delivered by one workflow.
import { ApplicationFailure, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { assertInput } from '../model/assert-input.ts';
import { announcedEvent } from './input.ts';
import { webhookQueueOf } from './contract.ts';
import type { AnnouncedEvent, Announcements } from './contract.ts';

/** Longer than any deployment of a receiver takes, or a weekend night; then the failure stays to be seen. */
const DELIVERED_WITHIN = '24 hours';

const local = proxyActivities<Announcements>({
  startToCloseTimeout: '10 seconds',
  scheduleToCloseTimeout: DELIVERED_WITHIN,
});

/**
 * An attempt ends by itself after fifteen seconds (activities/webhooks/). Quick at first, for a receiver that
 * restarts.
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

/** Fails, naming them, when some webhooks did not take the event. */
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
      `${missed.map(([name, state]) => `webhook ${name}: ${state}`).join('; ')}. Mend it; later events are delivered again`,
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

// Events: what room-streams tells other programs by webhooks. Plain types and the words for people; how they
// are delivered stands in announce-event.ts, what their bodies look like on the way in docs/webhooks.md.
import type { Manifest } from '../model/manifest.ts';

export const EVENT_TYPES = ['file.completed', 'run.failed', 'stream.late', 'stream.paused'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

interface OfEvent<Type extends EventType, Data> {
  /** The same for every delivery of one event, so that who gets it twice can tell. */
  id: string;
  type: Type;
  /** When it happened. */
  atMs: number;
  data: Data;
}

/** The interval's manifest is written: the file may be read. */
export type FileCompleted = OfEvent<'file.completed', Manifest>;

export type RunFailed = OfEvent<
  'run.failed',
  {
    stream: string;
    project: string;
    destination: string;
    interval_start: string;
    interval_end: string;
    workflow_id: string;
    run_id: string;
    error_type: string;
    /** Its first line says what to do. */
    message: string;
  }
>;

export type StreamLate = OfEvent<
  'stream.late',
  {
    stream: string;
    project: string;
    destination: string;
    /** End of the newest complete interval; null when there is none yet. */
    last_complete_end: string | null;
    /** How long the oldest missing interval is overdue. */
    lag_seconds: number;
    limit_seconds: number;
    paused: boolean;
    /** Why it is paused; empty otherwise. */
    note: string;
  }
>;

export type StreamPaused = OfEvent<
  'stream.paused',
  {
    stream: string;
    project: string;
    destination: string;
    /** Ends of the intervals that failed, the oldest first. */
    failed_intervals: string[];
    /** What the newest of them failed with. */
    message: string;
    /** The schedule's note: why, and how to go on. */
    note: string;
  }
>;

export type AnnouncedEvent = FileCompleted | RunFailed | StreamLate | StreamPaused;

/** One workflow delivers one event, however often it is announced. */
export function announcementIdOf({ id }: Pick<AnnouncedEvent, 'id'>): string {
  return `announce:${id}`;
}

export function describeEvent({ type, data }: AnnouncedEvent): string {
  return `${type}: stream ${data.stream}`;
}

/**
 * Deliveries wait on servers of others: on a queue of its own each webhook takes no slot from an export, nor
 * from another webhook.
 */
export function webhookQueueOf(taskQueue: string, webhook: string): string {
  return `${taskQueue}-webhook-${webhook}`;
}

export interface Delivery {
  webhook: string;
  event: AnnouncedEvent;
}

/** The activities that tell others. */
export interface Announcements {
  /** The names of the webhooks that want events of this type. */
  listWebhooks(request: { type: EventType }): Promise<string[]>;
  /** One attempt: resolves once the server took the event. */
  deliverEvent(delivery: Delivery): Promise<{ status: number }>;
}

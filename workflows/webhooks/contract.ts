// The events that room-streams sends to other programs by webhooks. Plain types and the words for people.
// workflow.ts delivers them, and docs/webhooks.md describes their bodies.
import type { Manifest } from '../model/manifest.ts';

export const EVENT_TYPES = ['file.completed', 'run.failed', 'stream.late', 'stream.paused'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

interface OfEvent<Type extends EventType, Data> {
  /** The same for every delivery of an event, so that a receiver can detect a repetition. */
  id: string;
  type: Type;
  /** When it happened. */
  atMs: number;
  data: Data;
}

/** The interval's manifest was written, so the file may be read. */
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
    /** The message of the newest failure. */
    message: string;
    /** The schedule's note: why the stream was paused, and how to resume it. */
    note: string;
  }
>;

export type AnnouncedEvent = FileCompleted | RunFailed | StreamLate | StreamPaused;

/** One workflow delivers an event, however often it is announced. */
export function announcementIdOf({ id }: Pick<AnnouncedEvent, 'id'>): string {
  return `announce:${id}`;
}

export function describeEvent({ type, data }: AnnouncedEvent): string {
  return `${type}: stream ${data.stream}`;
}

/**
 * Deliveries wait for other people's servers. Each webhook has its own queue, so that it takes no slot from
 * an export or from another webhook.
 */
export function webhookQueueOf(taskQueue: string, webhook: string): string {
  return `${taskQueue}-webhook-${webhook}`;
}

export interface Delivery {
  webhook: string;
  event: AnnouncedEvent;
}

/** The activities that deliver events. */
export interface Announcements {
  /** The names of the webhooks that want events of this type. */
  listWebhooks(request: { type: EventType }): Promise<string[]>;
  /** Makes one attempt; resolves once the server has accepted the event. */
  deliverEvent(delivery: Delivery): Promise<{ status: number }>;
}

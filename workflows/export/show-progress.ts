// Publishes a run's progress in three ways: the `progress` query, the markdown on the run's page, and search
// attributes. Search attributes are written only when the run is about to wait. States that pass within one
// workflow task are visible in the query alone.
import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import type { Interval } from '../model/interval.ts';
import { toMarkdown } from './progress-page.ts';
import { changeProgress, newProgress } from '../model/run.ts';
import type { RunProgress, RunState } from '../model/run.ts';
import { ROOM_INTERVAL_END, ROOM_ROOMS, ROOM_STATE, ROOM_STREAM } from '../model/search-attributes.ts';

export const progressQuery = defineQuery<RunProgress>('progress');

export interface Progress {
  readonly current: Readonly<RunProgress>;
  update(change: Parameters<typeof changeProgress>[1]): void;
  /** Writes the state to the search attributes, which lists of runs are filtered by. */
  readonly publish: () => void;
}

/**
 * With healthy servers a run stays in these states for milliseconds. Code that waits longer in one of them
 * publishes it.
 */
const PASSING_STATES: readonly RunState[] = ['waiting', 'planning', 'completing'];

export function showProgress(stream: string, interval: Interval, startedAtMs: number): Progress {
  let current = newProgress(stream, interval, startedAtMs);
  setHandler(progressQuery, () => current);
  let published: RunState | undefined;
  const publish = (): void => {
    if (current.state === published) return;
    published = current.state;
    upsertSearchAttributes([
      { key: ROOM_STREAM, value: stream },
      { key: ROOM_INTERVAL_END, value: new Date(interval.endMs) },
      { key: ROOM_STATE, value: current.state },
      { key: ROOM_ROOMS, value: current.roomsDone },
    ]);
  };
  setCurrentDetails(toMarkdown(current));
  return {
    publish,
    get current() {
      return current;
    },
    update(change) {
      current = changeProgress(current, change, Date.now());
      setCurrentDetails(toMarkdown(current));
      if (!PASSING_STATES.includes(current.state)) publish();
    },
  };
}

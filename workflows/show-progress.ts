// Where people look: the `progress` query, the markdown of the run's page, and its search attributes.
// Written at every change of state; counts alone are written at most every few seconds, to keep history small.
import { defineQuery, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { type Interval } from './model/interval.ts';
import { toMarkdown } from './model/progress-page.ts';
import { changeProgress, newProgress, type RunProgress } from './model/run.ts';
import { ROOM_INTERVAL_END, ROOM_ROOMS, ROOM_STATE, ROOM_STREAM } from './model/search-attributes.ts';

export const progressQuery = defineQuery<RunProgress>('progress');

export interface Progress {
  readonly current: Readonly<RunProgress>;
  update(change: Parameters<typeof changeProgress>[1]): void;
}

export function showProgress(stream: string, interval: Interval, startedAtMs: number): Progress {
  let current = newProgress(stream, interval, startedAtMs);
  setHandler(progressQuery, () => current);
  upsertSearchAttributes([
    { key: ROOM_STREAM, value: stream },
    { key: ROOM_INTERVAL_END, value: new Date(interval.endMs) },
    { key: ROOM_STATE, value: current.state },
  ]);
  setCurrentDetails(toMarkdown(current));
  return {
    get current() {
      return current;
    },
    update(change) {
      const isNewState = change.state !== undefined && change.state !== current.state;
      current = changeProgress(current, change, Date.now());
      setCurrentDetails(toMarkdown(current));
      if (!isNewState) return;
      upsertSearchAttributes([
        { key: ROOM_STATE, value: current.state },
        { key: ROOM_ROOMS, value: current.roomsDone },
      ]);
    },
  };
}

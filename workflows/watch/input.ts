// The shapes of what the watch is asked, and of what it remembers.
import type { WatchMemory, WatchRequest } from './contract.ts';
import { list, nullable, number, object, optional, record, text } from '../model/shape.ts';

const ends = record(nullable(text));

/** What a look of the watch left for the next one. */
export const watchMemory = object<WatchMemory>({ latest: ends, told: ends, pausedAtMs: record(number) });

export const watchRequest = object<WatchRequest>({ names: optional(list(text)) });

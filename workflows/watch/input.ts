// The shapes of the watch's request and memory.
import type { WatchMemory, WatchRequest } from './contract.ts';
import { list, nullable, number, object, optional, record, text } from '../model/shape.ts';

const ends = record(nullable(text));

/** The memory that one check leaves for the next one. */
export const watchMemory = object<WatchMemory>({ latest: ends, reported: ends, pausedAtMs: record(number) });

export const watchRequest = object<WatchRequest>({ names: optional(list(text)) });

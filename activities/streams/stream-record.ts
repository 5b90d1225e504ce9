// The record of a stream as its schedule keeps it: the one argument of the action. Parsed here for workers and the command line alike; what
// people write is validated elsewhere.
import { z } from 'zod';
import { type StreamDefinition, type StreamSettings } from '../../workflows/model/stream.ts';

const settingsSchema = z.object({
  everySeconds: z.number(),
  offsetSeconds: z.number(),
  project: z.string(),
  destination: z.string(),
  prefix: z.string(),
  settleSeconds: z.number(),
  format: z.enum(['json', 'ndjson']),
  compression: z.enum(['none', 'gzip']),
  fields: z.enum(['standard', 'extended']),
  keyTemplate: z.string(),
  empty: z.enum(['write', 'skip']),
  giveUpSeconds: z.number(),
}) satisfies z.ZodType<StreamSettings>;

const definitionSchema = z.object({
  name: z.string(),
  fromMs: z.number(),
  untilMs: z.number().nullable(),
  skipped: z.array(z.object({ startMs: z.number(), endMs: z.number() })),
  revisions: z.array(z.object({ fromMs: z.number(), settings: settingsSchema })).min(1),
  jitterSeconds: z.number().exactOptional(),
}) satisfies z.ZodType<StreamDefinition>;

/** What the action is called with; its own `interval` and `force` are always absent. Throws for a schedule that is not ours. */
export function parseScheduledStream(args: readonly unknown[] | undefined): StreamDefinition {
  const [input] = z.tuple([z.object({ stream: definitionSchema })]).parse(args);
  return input.stream;
}

/** Undefined where it is absent or of another shape: the memo is a copy, and the schedule's action the record. */
export function parseKeptStream(kept: unknown): StreamDefinition | undefined {
  return definitionSchema.safeParse(kept).data;
}

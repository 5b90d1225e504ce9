// Streams of the embedded stack, for benchmarks and tests.
import { KEY_TEMPLATE_DEFAULT } from '../workflows/model/key-template.ts';
import type { StreamDefinition, StreamSettings } from '../workflows/model/stream.ts';
import { STACK_DESTINATION } from './stack-environment.ts';

/** All servers are ours: what fails for so long will not succeed. */
const GIVE_UP_SECONDS = 120;

/** A stream of hours with default settings, changed by `changes`. */
export function makeStream(name: string, changes: Partial<StreamSettings> = {}): StreamDefinition {
  const settings: StreamSettings = {
    everySeconds: 3_600,
    offsetSeconds: 0,
    project: name,
    destination: STACK_DESTINATION,
    prefix: '',
    settleSeconds: 0,
    format: 'json',
    compression: 'none',
    fields: 'standard',
    keyTemplate: KEY_TEMPLATE_DEFAULT,
    empty: 'write',
    giveUpSeconds: GIVE_UP_SECONDS,
    ...changes,
  };
  return { name, fromMs: 0, untilMs: null, skipped: [], revisions: [{ fromMs: 0, settings }] };
}

// The stack that all test files of a run share: started once by test/run.ts, handed to each file's process in
// a variable.
import type { StackAddresses } from '../local/stack.ts';

export const TEST_STACK_VARIABLE = 'ROOM_STREAMS_TEST_STACK';

/** Where the workflow bundle of this run of tests lies, made once for all files. */
export const TEST_BUNDLE_VARIABLE = 'ROOM_STREAMS_TEST_BUNDLE';

/** Throws when the file was not started by test/run.ts. */
export function getTestStack(): Promise<StackAddresses> {
  const text = process.env[TEST_STACK_VARIABLE];
  if (text === undefined)
    return Promise.reject(new Error('no stack: start this file by npx tsx test/run.ts FILE'));
  return Promise.resolve(JSON.parse(text) as StackAddresses);
}

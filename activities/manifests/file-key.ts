// The key of an interval's file, validated again before any request to a store.
import { keyProblem } from '../../workflows/model/key-rules.ts';
import { renderKey } from '../../workflows/model/key-template.ts';
import { toGot } from '../../workflows/model/problem.ts';
import type { Target } from '../../workflows/export/contract.ts';
import { extensionOf } from '../../workflows/model/stream.ts';
import { InvalidRequestError } from '../runtime/stage-errors.ts';

/** @throws InvalidRequestError when the template gives a key that S3 would refuse */
export function keyOf({ settings, stream, interval }: Target): string {
  const { prefix, project, keyTemplate } = settings;
  const key = renderKey(keyTemplate, { prefix, project, stream, extension: extensionOf(settings) }, interval);
  const problem = keyProblem(key);
  if (problem !== null)
    throw new InvalidRequestError(`prefix, key-template: got the key ${toGot(key)} with ${problem}`);
  return key;
}

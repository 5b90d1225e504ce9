// The key under which an interval's file is stored, judged once more before anything is asked of a store.
import { KEY_BYTES_MAX, renderKey } from '../../workflows/model/key-template.ts';
import { type Target } from '../../workflows/model/stages.ts';
import { extensionOf } from '../../workflows/model/stream.ts';
import { InvalidRequestError } from '../stage-errors.ts';

/** The key of the interval's file; throws InvalidRequestError when the template makes one that S3 would refuse. */
export function keyOf({ settings, stream, interval }: Target): string {
  const { prefix, project, keyTemplate } = settings;
  const key = renderKey(keyTemplate, { prefix, project, stream, extension: extensionOf(settings) }, interval);
  const bytes = Buffer.byteLength(key);
  if (bytes === 0 || bytes > KEY_BYTES_MAX) {
    throw new InvalidRequestError(
      `key template: got a key of ${bytes} bytes, allowed: 1 to ${KEY_BYTES_MAX}`,
    );
  }
  return key;
}

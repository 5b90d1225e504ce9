// Where the keys of a destination come from: the configuration, or what AWS's own library finds on the
// machine. Asked before each request, because keys of a role live for hours and are renewed; the library
// keeps them until shortly before they end.
import type { DestinationAccess, StoreKeys } from './destination.ts';

/**
 * No keys are to be had; where the machine gets them from may be back in a moment. The message holds no
 * secret.
 */
export class NoKeysError extends Error {
  override readonly name = 'NoKeysError';
}

/** Rejects with NoKeysError. */
export type KeySource = () => Promise<StoreKeys>;

/** Asks nothing yet. */
export function openKeySource(access: DestinationAccess): KeySource {
  if (!('credentials' in access)) {
    const { accessKeyId, secretAccessKey, sessionToken } = access;
    const keys = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    return () => Promise.resolve(keys);
  }
  let provider: Promise<KeySource> | undefined;
  return async () => {
    provider ??= openAwsProvider();
    return (await provider)();
  };
}

/** Loaded when it is wanted: most destinations have keys of their own. */
async function openAwsProvider(): Promise<KeySource> {
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  const provide = defaultProvider();
  return async () => {
    try {
      const { accessKeyId, secretAccessKey, sessionToken } = await provide();
      return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new NoKeysError(`no AWS credentials for the store: ${said}`, { cause: error });
    }
  };
}

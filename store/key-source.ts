// Provides the keys of a destination, from the configuration or from what AWS's own library finds on the
// machine. It is called before each request, because keys of a role live for hours and are renewed. The
// library caches them until shortly before they expire.
import type { DestinationAccess, StoreKeys } from './destination.ts';

/**
 * No keys are available. Retried, because their source may be back in a moment. The message holds no secret.
 */
export class NoKeysError extends Error {
  override readonly name = 'NoKeysError';
}

/** Rejects with NoKeysError. */
export type KeySource = () => Promise<StoreKeys>;

/** Makes no request yet. */
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

/** Loads the library on demand, because most destinations have fixed keys. */
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

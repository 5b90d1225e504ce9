// The destinations that a worker knows. DESTINATIONS names them, and each has variables DESTINATION_<NAME>_…,
// with the hyphens of its name as underscores. They are read once at the start. Settings that belong together
// (keys, encryption, certificates) are checked together.
import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { Destination, DestinationAccess } from '../store/destination.ts';
import {
  KEY_BYTES_MAX,
  KEY_TEXT_ALLOWED,
  STORE_KEY_BYTES_MAX,
  textProblem,
  utf8Length,
} from '../workflows/model/key-rules.ts';
import { manifestKeyOf } from '../workflows/model/manifest.ts';
import { listNames, reportUnknown, stemOf } from './named.ts';
import { report, readText, readVariables } from './read-variables.ts';
import type { Environment, SoundValues } from './read-variables.ts';
import { origin, truth } from './values.ts';

/** A manifest's key consists of this prefix, the file's key and a suffix. */
const MANIFEST_PREFIX_BYTES_MAX = STORE_KEY_BYTES_MAX - KEY_BYTES_MAX - manifestKeyOf('', '').length;

export const DESTINATION_VARIABLES = {
  ENDPOINT: origin,
  REGION: z.string().min(1, 'a region').default('us-east-1'),
  BUCKET: z
    .string('a bucket')
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, '3 to 63 of a-z, 0-9, dot and hyphen'),
  PATH_STYLE: truth.default(true),
  CA_FILE: z.string().optional(),
  CREDENTIALS: z.enum(['keys', 'aws'], 'keys or aws').default('keys'),
  ACCESS_KEY_ID: z.string().optional(),
  SECRET_ACCESS_KEY: z.string().optional(),
  SESSION_TOKEN: z.string().optional(),
  SERVER_SIDE_ENCRYPTION: z.enum(['AES256', 'aws:kms'], 'AES256, aws:kms, or nothing').optional(),
  KMS_KEY_ID: z.string().optional(),
  MANIFEST_PREFIX: z
    .string()
    .refine(
      isManifestPrefix,
      `a prefix that ends with a slash, at most ${MANIFEST_PREFIX_BYTES_MAX} bytes; ${KEY_TEXT_ALLOWED}`,
    )
    .default('_manifests/'),
};

type Sound = SoundValues<typeof DESTINATION_VARIABLES>;

const KIND = { list: 'DESTINATIONS', stem: 'DESTINATION', noun: 'destination' };

/** `DESTINATION_FILES_` for `files`. */
export function destinationStemOf(destination: string): string {
  return stemOf(KIND.stem, destination);
}

function isManifestPrefix(text: string): boolean {
  return text.endsWith('/') && textProblem(text) === null && utf8Length(text) <= MANIFEST_PREFIX_BYTES_MAX;
}

/** Returns the valid destinations, and adds the problems of the others to `problems`. */
export function readDestinations(
  list: string,
  environment: Environment,
  problems: string[],
): Map<string, Destination> {
  const destinations = new Map<string, Destination>();
  const names = listNames(KIND, list, problems);
  for (const name of names) {
    const destination = readDestination(name, environment, problems);
    const variables = Object.keys(DESTINATION_VARIABLES);
    reportUnknown({ ...KIND, name, names, variables }, environment, problems);
    if (destination !== undefined) destinations.set(name, destination);
  }
  return destinations;
}

function readDestination(
  name: string,
  environment: Environment,
  problems: string[],
): Destination | undefined {
  const stem = destinationStemOf(name);
  const { complete: values, sound } = readVariables(DESTINATION_VARIABLES, { environment, problems, stem });
  const access = readAccess(sound, stem, problems);
  const caCertificates = readCertificates(sound, stem, problems);
  reportEncryption(sound, stem, problems);
  if (values === undefined) return undefined;
  const { SERVER_SIDE_ENCRYPTION: encryption, KMS_KEY_ID: kmsKeyId } = values;
  return (
    access && {
      name,
      endpoint: values.ENDPOINT,
      region: values.REGION,
      bucket: values.BUCKET,
      pathStyle: values.PATH_STYLE,
      manifestPrefix: values.MANIFEST_PREFIX,
      ...access,
      ...(caCertificates === undefined ? {} : { caCertificates }),
      ...(encryption === undefined ? {} : { serverSideEncryption: encryption }),
      ...(kmsKeyId === undefined ? {} : { kmsKeyId }),
    }
  );
}

/**
 * Reads fixed keys, or the setting to use what AWS's own tools find. Both together are refused, because it
 * would be a guess which of them applies.
 */
function readAccess(values: Sound, stem: string, problems: string[]): DestinationAccess | undefined {
  const { ACCESS_KEY_ID: id, SECRET_ACCESS_KEY: secret, SESSION_TOKEN: token } = values;
  if (values.CREDENTIALS === 'aws') {
    for (const key of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY', 'SESSION_TOKEN'] as const) {
      const got = values[key];
      if (got !== undefined)
        report(problems, {
          variable: `${stem}${key}`,
          got,
          allowed: `nothing while ${stem}CREDENTIALS is aws`,
        });
    }
    return { credentials: 'aws' };
  }
  if (values.CREDENTIALS === undefined) return undefined;
  for (const key of ['ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'] as const) {
    if (values[key] === undefined)
      report(problems, {
        variable: `${stem}${key}`,
        got: undefined,
        allowed: `a key, or ${stem}CREDENTIALS=aws`,
      });
  }
  if (id === undefined || secret === undefined) return undefined;
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...(token === undefined ? {} : { sessionToken: token }),
  };
}

function readCertificates(values: Sound, stem: string, problems: string[]): string | undefined {
  const { CA_FILE: file, ENDPOINT: endpoint } = values;
  if (file === undefined) return undefined;
  const variable = `${stem}CA_FILE`;
  if (endpoint?.startsWith('http:') === true)
    problems.push(`${variable}: got "${file}", allowed: nothing while ${stem}ENDPOINT is not https`);
  const text = readText(variable, file, problems);
  if (text !== undefined && !areCertificates(text))
    problems.push(`${variable}: got "${file}", allowed: a file of certificates in PEM format`);
  return text;
}

function areCertificates(text: string): boolean {
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  try {
    return found.map((certificate) => new X509Certificate(certificate)).length > 0;
  } catch {
    // Not a certificate: the caller reports it.
    return false;
  }
}

function reportEncryption(values: Sound, stem: string, problems: string[]): void {
  const { SERVER_SIDE_ENCRYPTION: encryption, KMS_KEY_ID: key } = values;
  if (key !== undefined && encryption !== 'aws:kms')
    report(problems, {
      variable: `${stem}KMS_KEY_ID`,
      got: key,
      allowed: `nothing unless ${stem}SERVER_SIDE_ENCRYPTION is aws:kms`,
    });
}

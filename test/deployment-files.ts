// docker-compose.yml, Dockerfile and .env.example as a test reads them: the compose file with its anchors
// merged and its variables put in as Docker Compose puts them in, checked for the parts of it that are used
// here.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const words = z.array(z.string());

const serviceShape = z.object({
  image: z.string(),
  build: z.string().optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: words.default([]),
  volumes: words.default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z.union([z.object({ test: words }), z.object({ disable: z.literal(true) })]).optional(),
  stop_grace_period: z.string().optional(),
  restart: z.string().optional(),
});

const composeShape = z.object({
  services: z.record(z.string(), serviceShape),
  configs: z.record(z.string(), z.object({ content: z.string() })),
  volumes: z.record(z.string(), z.null()),
});

export type ComposeService = z.infer<typeof serviceShape>;
export type ComposeFile = z.infer<typeof composeShape>;

/** With the variables of `environment` put in; those that are missing have the file's own defaults. */
export function readComposeFile(environment: Readonly<Record<string, string>> = {}): ComposeFile {
  const text = readFileSync(`${ROOT}docker-compose.yml`, 'utf8');
  return composeShape.parse(interpolate(parse(text, { merge: true }), environment));
}

export function serviceOf(compose: ComposeFile, name: string): ComposeService {
  const service = compose.services[name];
  if (service === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return service;
}

/** Names and values in their order; a line is a variable, a comment or empty, or this throws. */
export function readEnvironmentExample(): Record<string, string> {
  const lines = readFileSync(`${ROOT}.env.example`, 'utf8').split('\n');
  const variables: Record<string, string> = {};
  for (const line of lines.filter((each) => each !== '' && !each.startsWith('#'))) {
    const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    if (name === undefined || value === undefined || name in variables)
      throw new Error(`.env.example: got "${line}", allowed: NAME=value, each name once`);
    variables[name] = value;
  }
  return variables;
}

/**
 * The words of the last instruction of this kind that is written as a list, as CMD and the command of
 * HEALTHCHECK are.
 */
export function readDockerfileWords(instruction: 'CMD' | 'HEALTHCHECK'): string[] {
  const lines = readFileSync(`${ROOT}Dockerfile`, 'utf8').split('\n');
  const line = lines.filter((each) => each.startsWith(instruction)).at(-1) ?? '';
  return words.parse(JSON.parse(line.slice(line.indexOf('['))));
}

/**
 * What the Dockerfile takes from the folder it is built in: the sources of every COPY that is not from
 * another stage.
 */
export function readDockerfileSources(): string[] {
  const lines = readFileSync(`${ROOT}Dockerfile`, 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('COPY ') && !line.startsWith('COPY --from'))
    .flatMap((line) => line.split(/\s+/).slice(1, -1));
}

function interpolate(value: unknown, environment: Readonly<Record<string, string>>): unknown {
  if (typeof value === 'string') return interpolateText(value, environment);
  if (Array.isArray(value)) return value.map((each: unknown) => interpolate(each, environment));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, interpolate(each, environment)]),
  );
}

/** `$$`, `${NAME:-default}` (unset or empty) and `${NAME-default}` (unset); everything else is a mistake. */
function interpolateText(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replaceAll(
    /\$(?:(\$)|\{([A-Z][A-Z0-9_]*)(:?)-([^}]*)\}|)/g,
    (found, dollar?: string, name?: string, colon?: string, otherwise?: string) => {
      if (dollar !== undefined) return dollar;
      if (name === undefined) throw new Error(`docker-compose.yml: got "${found}" in "${text}"`);
      const value = environment[name];
      return value === undefined || (value === '' && colon === ':') ? (otherwise ?? '') : value;
    },
  );
}

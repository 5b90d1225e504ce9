// Parses environment variables by a schema. Each is read from NAME or from the file that NAME_FILE names.
// Every problem is kept with the variable's name, what it got and what is allowed. Values of secrets never
// appear in a message or an error.
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export type Environment = Readonly<Record<string, string | undefined>>;

/** One schema for each variable. The schema says whether a variable is optional or has a default. */
export type Shape = z.ZodRawShape;

export type Values<Of extends Shape> = z.infer<z.ZodObject<Of>>;

export interface ReadOptions {
  environment: Environment;
  /** Problems are collected here, so that all of them can be reported at the end. */
  problems: string[];
  /** Put before the name of each variable: `DESTINATION_FILES_`. */
  stem?: string;
}

/** All problems of a configuration. The process exits with code 2, because nothing was tried. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      `configuration: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
    this.problems = problems;
  }
}

export interface Read<Of extends Shape> {
  /** All values; undefined when any has a problem. */
  complete: Values<Of> | undefined;
  /**
   * The valid values, so that settings that belong together can be checked even when another one is wrong.
   */
  sound: SoundValues<Of>;
}

export type SoundValues<Of extends Shape> = ReturnType<typeof parseSound<Of>>;

/** An empty variable counts as unset. */
export function readVariables<Of extends Shape>(
  shape: Of,
  { environment, problems, stem = '' }: ReadOptions,
): Read<Of> {
  const before = problems.length;
  const values: Record<string, string> = {};
  for (const key of Object.keys(shape)) {
    const value = readVariable(`${stem}${key}`, environment, problems);
    if (value !== undefined) values[key] = value;
  }
  const parsed = z.object(shape).safeParse(values);
  if (parsed.success)
    return {
      complete: problems.length === before ? parsed.data : undefined,
      sound: parseSound(shape, values),
    };
  const soundValues = { ...values };
  for (const { path, message } of parsed.error.issues) {
    const key = String(path[0]);
    report(problems, { variable: `${stem}${key}`, got: values[key], allowed: message });
    Reflect.deleteProperty(soundValues, key);
  }
  return { complete: undefined, sound: parseSound(shape, soundValues) };
}

function parseSound<Of extends Shape>(shape: Of, values: Readonly<Record<string, string>>) {
  return z.object(shape).partial().parse(values);
}

/** Adds `NAME: got …, allowed: …`. */
export function report(
  problems: string[],
  { variable, got, allowed }: { variable: string; got: string | undefined; allowed: string },
): void {
  // An unreadable file has already been reported, so its missing value is not reported again.
  if (got === undefined && problems.some((problem) => problem.startsWith(`${variable}_FILE:`))) return;
  const note = got === undefined ? ' (it has no default)' : '';
  problems.push(`${variable}: got ${show(variable, got)}, allowed: ${allowed}${note}`);
}

function readVariable(variable: string, environment: Environment, problems: string[]): string | undefined {
  const value = environment[variable];
  const fileVariable = `${variable}_FILE`;
  const file = environment[fileVariable];
  if (file === undefined || file === '') return value === '' ? undefined : value;
  if (value !== undefined && value !== '') {
    problems.push(`${fileVariable}: got "${file}", allowed: nothing while ${variable} is set, too`);
    return undefined;
  }
  const text = readText(fileVariable, file, problems);
  const line = text?.split(/\r?\n/, 1)[0];
  if (line === '')
    problems.push(`${fileVariable}: got "${file}", allowed: a file whose first line is the value`);
  return line === '' ? undefined : line;
}

/** The whole file that a variable names; undefined, with a problem added, when it cannot be read. */
export function readText(variable: string, file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    problems.push(`${variable}: got "${file}", allowed: a file that can be read${code}`);
    return undefined;
  }
}

function show(variable: string, got: string | undefined): string {
  if (got === undefined) return 'nothing';
  // A URL may carry a password before its host.
  return isSecret(variable) || got.includes('@') ? 'a value that is not shown' : `"${got}"`;
}

function isSecret(variable: string): boolean {
  // Some services treat the address of a webhook as a password.
  return /PASSWORD|SECRET|API_KEY|ACCESS_KEY|TOKEN|^WEBHOOK_\w+_URL$/.test(variable);
}

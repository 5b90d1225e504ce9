// A problem with a given value: the field, what it got, and what is allowed. It is data, and only this file
// turns it into the sentence that people read.

export interface Problem {
  /** The path of the field, such as `revisions[0].settings.everySeconds`. */
  field: string;
  /** The value as people read it: a text in quotes, a number as it is, `nothing` for an absent one. */
  got: string;
  allowed: string;
}

/** Longer values are truncated, because a message should not hold a document. */
const GOT_CHARACTERS_MAX = 120;

/** `every: got "x", allowed: whole seconds from 60 to 604800`. */
export function describeProblem({ field, got, allowed }: Problem): string {
  return `${field}: got ${got}, allowed: ${allowed}`;
}

/** Joins several problems into one line. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(describeProblem).join('; ');
}

/** Any value as `got` shows it. */
export function toGot(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON cannot express these and would write null.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > GOT_CHARACTERS_MAX ? `${text.slice(0, GOT_CHARACTERS_MAX)}…` : text;
}

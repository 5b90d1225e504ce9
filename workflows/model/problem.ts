// What is wrong with something that was given: the field, what it got, and what is allowed. Data; the one
// sentence that people read is made from it here, at the edge.

export interface Problem {
  /** Where it is, as `revisions[0].settings.everySeconds`. */
  field: string;
  /** As people read it: a text in quotes, a number as it is, `nothing` for what is absent. */
  got: string;
  allowed: string;
}

/** Longer values are cut: a message is no place for a document. */
const GOT_CHARACTERS_MAX = 120;

/** `every: got "x", allowed: whole seconds from 60 to 604800`. */
export function describeProblem({ field, got, allowed }: Problem): string {
  return `${field}: got ${got}, allowed: ${allowed}`;
}

/** Several in one line, each a part of the sentence. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(describeProblem).join('; ');
}

/** Any value as `got` shows it. */
export function toGot(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no word for these, and would say null.
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > GOT_CHARACTERS_MAX ? `${text.slice(0, GOT_CHARACTERS_MAX)}…` : text;
}

// Checks of plain data from outside against what a type says: inputs of workflows, and the records of
// streams. By hand, because the workflow bundle holds no packages but Temporal's, and because each problem is
// to say the field, what it got and what is allowed. Checks only: nothing is converted, and fields that
// nobody knows are left alone, so that an older worker reads what a newer one wrote.
import { INSTANT_MS_MAX, INSTANT_MS_MIN, INSTANT_YEARS } from './instant.ts';
import { toGot } from './problem.ts';
import type { Problem } from './problem.ts';

export interface Shape<Value> {
  /** Empty: the value is one. */
  check(value: unknown, field: string): Problem[];
  /** Never there: makes the type count. */
  readonly of?: Value;
}

/** What a shape checks. */
export type Checked<Of> = Of extends Shape<infer Value> ? Value : never;

/** True when there is no problem; then the value is what the shape says. */
export function fits<Value>(shape: Shape<Value>, value: unknown): value is Value {
  return shape.check(value, '').length === 0;
}

/** Anything that `isOne` says yes to. */
export function such<Value>(allowed: string, isOne: (value: unknown) => boolean): Shape<Value> {
  return {
    check: (value, field) => (isOne(value) ? [] : [{ field, got: toGot(value), allowed }]),
  };
}

export const text = such<string>('a text', (value) => typeof value === 'string');

export const filledText = such<string>(
  'a text that is not empty',
  (value) => typeof value === 'string' && value !== '',
);

export const truth = such<boolean>('true or false', (value) => typeof value === 'boolean');

/** Bounds are inclusive. */
export function whole(low: number, high: number, what = 'a whole number'): Shape<number> {
  return such(`${what} from ${low} to ${high}`, (value) => isWhole(value) && value >= low && value <= high);
}

export const count = such<number>('a whole number, 0 or more', (value) => isWhole(value) && value >= 0);

export const number = such<number>(
  'a number',
  (value) => typeof value === 'number' && Number.isFinite(value),
);

/** Epoch milliseconds. */
export const instantMs = such<number>(
  `a time in milliseconds since 1970, of the ${INSTANT_YEARS}`,
  (value) => isWhole(value) && value >= INSTANT_MS_MIN && value <= INSTANT_MS_MAX,
);

export function oneOf<Word extends string>(words: readonly Word[]): Shape<Word> {
  return such(words.join(' or '), (value) => words.some((word) => word === value));
}

/** Absent is fine. */
export function optional<Value>(shape: Shape<Value>): Shape<Value | undefined> {
  return { check: (value, field) => (value === undefined ? [] : shape.check(value, field)) };
}

export function nullable<Value>(shape: Shape<Value>): Shape<Value | null> {
  return {
    check: (value, field) =>
      value === null
        ? []
        : shape
            .check(value, field)
            .map((problem) => ({ ...problem, allowed: `${problem.allowed}, or null` })),
  };
}

export function list<Item>(shape: Shape<Item>, lengthMin = 0): Shape<Item[]> {
  return {
    check(value, field) {
      if (!Array.isArray(value)) return [{ field, got: toGot(value), allowed: 'a list' }];
      if (value.length < lengthMin)
        return [{ field, got: `${value.length} items`, allowed: `a list of at least ${lengthMin}` }];
      return value.flatMap((item, index) => shape.check(item, `${field}[${index}]`));
    },
  };
}

/** Of any names, each with the same kind of value. */
export function record<Value>(shape: Shape<Value>): Shape<Record<string, Value>> {
  return {
    check(value, field) {
      if (!isObject(value)) return [{ field, got: toGot(value), allowed: 'an object' }];
      return Object.entries(value).flatMap(([name, each]) => shape.check(each, nameOf(field, name)));
    },
  };
}

/** One shape for each field of the type. */
export function object<Value extends object>(fields: {
  [Field in keyof Required<Value>]: Shape<Value[Field]>;
}): Shape<Value> {
  return {
    check(value, field) {
      if (!isObject(value))
        return [{ field, got: toGot(value), allowed: `an object with ${Object.keys(fields).join(', ')}` }];
      return Object.entries<Shape<unknown>>(fields).flatMap(([name, shape]) =>
        shape.check(value[name], nameOf(field, name)),
      );
    },
  };
}

/** The first shape whose `when` says that it is meant. The last one needs none. */
export function either<A, B>(
  first: { when: (value: unknown) => boolean; shape: Shape<A> },
  other: Shape<B>,
): Shape<A | B> {
  return { check: (value, field) => (first.when(value) ? first.shape : other).check(value, field) };
}

/** Whatever the shape says, and then, once it holds, what the rules say. */
export function ruled<Value>(shape: Shape<Value>, rules: (value: Value) => Problem[]): Shape<Value> {
  return {
    check(value, field) {
      const problems = shape.check(value, field);
      if (problems.length > 0 || !fits(shape, value)) return problems;
      return rules(value).map((problem) => ({ ...problem, field: nameOf(field, problem.field) }));
    },
  };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && !Object.is(value, -0);
}

function nameOf(field: string, name: string): string {
  return field === '' ? name : `${field}.${name}`;
}

// Checks external plain data against the type that it should have: workflow inputs and stream records. It is
// written by hand for two reasons: the workflow bundle holds no packages but Temporal's, and each problem
// should name the field, what it got and what is allowed. Nothing is converted. Unknown fields are ignored,
// so that an older worker reads what a newer one wrote.
import { INSTANT_MS_MAX, INSTANT_MS_MIN, INSTANT_YEARS } from './instant.ts';
import { toGot } from './problem.ts';
import type { Problem } from './problem.ts';

export interface Shape<Value> {
  /** The problems of the value; empty when it has this shape. */
  check(value: unknown, field: string): Problem[];
  /** Never set; it only makes the type parameter matter. */
  readonly of?: Value;
}

/** The type that a shape checks. */
export type Checked<Of> = Of extends Shape<infer Value> ? Value : never;

/** Whether the value has the shape; narrows its type. */
export function fits<Value>(shape: Shape<Value>, value: unknown): value is Value {
  return shape.check(value, '').length === 0;
}

/** Any value that `isOne` accepts. */
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

export const positive = whole(1, Number.MAX_SAFE_INTEGER);

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

/** The value may be absent. */
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

/** An object with any keys, whose values all have one shape. */
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

/** Uses the first shape whose `when` matches. The last one needs none. */
export function either<A, B>(
  first: { when: (value: unknown) => boolean; shape: Shape<A> },
  other: Shape<B>,
): Shape<A | B> {
  return { check: (value, field) => (first.when(value) ? first.shape : other).check(value, field) };
}

/** Checks the shape and, when it matches, the rules. */
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

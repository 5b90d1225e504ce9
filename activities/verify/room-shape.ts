// Checks that a parsed room has the shape that the published schema describes (document/json-schema.ts):
// types, bounds, and all keys in their order. It supports the part of JSON Schema that this file uses.
// Decimals are not checked, because they belong to the text, which the CRC covers.
import type { JsonSchema } from '../../document/json-schema.ts';

/** The first problem, with its path in the room; null when there is none. */
export function shapeProblem(value: unknown, schema: JsonSchema, path = 'room'): string | null {
  if (schema.anyOf !== undefined) {
    const problems = schema.anyOf.map((one) => shapeProblem(value, one, path));
    return problems.includes(null) ? null : (problems[0] ?? null);
  }
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value))
    return `${path}: got ${show(value)}, allowed: ${schema.enum.map(show).join(', ')}`;
  if (schema.const !== undefined && value !== schema.const)
    return `${path}: got ${show(value)}, allowed: ${schema.const}`;
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    if (!types.some((type) => isOfType(value, type)))
      return `${path}: got ${show(value)}, allowed: ${types.join(' or ')}`;
  }
  if (schema.not !== undefined && shapeProblem(value, schema.not, path) === null)
    return `${path}: got ${show(value)}, which is not allowed`;
  if (typeof value === 'number') return numberProblem(value, schema, path);
  if (typeof value === 'string' && schema.pattern !== undefined && !new RegExp(schema.pattern).test(value))
    return `${path}: got ${show(value)}, allowed: ${schema.pattern}`;
  if (Array.isArray(value)) return arrayProblem(value, schema, path);
  return isObject(value) ? objectProblem(value, schema, path) : null;
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isObject(value);
    default:
      return typeof value === type;
  }
}

function numberProblem(value: number, { minimum, maximum }: JsonSchema, path: string): string | null {
  const isLow = minimum !== undefined && value < minimum;
  const isHigh = maximum !== undefined && value > maximum;
  return isLow || isHigh ? `${path}: got ${value}, allowed: ${minimum ?? ''} to ${maximum ?? ''}` : null;
}

function arrayProblem(value: readonly unknown[], schema: JsonSchema, path: string): string | null {
  const { items, minItems = 0, maxItems = Infinity } = schema;
  if (value.length < minItems || value.length > maxItems)
    return `${path}: got ${value.length} items, allowed: ${minItems} to ${maxItems}`;
  if (items === undefined) return null;
  for (const [index, item] of value.entries()) {
    const problem = shapeProblem(item, items, `${path}[${index}]`);
    if (problem !== null) return problem;
  }
  return null;
}

function objectProblem(value: Record<string, unknown>, schema: JsonSchema, path: string): string | null {
  const { properties, additionalProperties } = schema;
  if (properties !== undefined) {
    const [got, wanted] = [Object.keys(value).join(', '), Object.keys(properties).join(', ')];
    if (got !== wanted) return `${path}: got the keys ${got}, allowed: ${wanted}`;
  }
  for (const [key, each] of Object.entries(value)) {
    const of = properties?.[key] ?? additionalProperties;
    if (typeof of !== 'object') continue;
    const problem = shapeProblem(each, of, `${path}.${key}`);
    if (problem !== null) return problem;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Shortened, because it may be a customer's text. */
function show(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

// The types of values that several variables share, each with a description of what is allowed.
import { z } from 'zod';

/**
 * An address without a path or user. A path could be mistaken for a database or a key, and a user part may
 * hold a password.
 */
export const origin = z
  .string('http://host:port or https://host:port')
  .refine(isOrigin, 'http://host:port or https://host:port, with nothing behind or before the host')
  .transform((text) => new URL(text).origin);

/** An address for browsers. It may have a path, and ends without a slash. */
export const webAddress = z
  .string()
  .refine(isWebAddress, 'http://host:port or https://host:port, perhaps with a path')
  .transform((text) => text.replace(/\/+$/, ''));

export const truth = z.enum(['true', 'false'], 'true or false').transform((text) => text === 'true');

export const hostAndPort = z
  .string()
  .refine((text) => /^[^\s:/@]+:\d{1,5}$/.test(text) && Number(text.split(':')[1]) <= 65_535, 'host:port');

export const identifier = z.string().regex(/^[A-Za-z_][\w-]*$/, 'letters, digits, _ and -');

export function wholeNumber(low: number, high: number): z.ZodType<number> {
  // `5.0` is refused: it is more often a typing error than a whole number.
  return number(low, high, 'a whole number', /^\d+$/);
}

export function megabytes(low: number, high: number): z.ZodType<number> {
  return number(low, high, 'a number of megabytes');
}

function number(low: number, high: number, what: string, form: RegExp = /^\d+(\.\d+)?$/): z.ZodType<number> {
  const allowed = `${what} from ${low} to ${high}`;
  return z
    .string()
    .regex(form, allowed)
    .transform(Number)
    .refine((value) => value >= low && value <= high, allowed);
}

function isWebAddress(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, search, hash } = new URL(text);
  return username === '' && search === '' && hash === '';
}

function isOrigin(text: string): boolean {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { origin: found, username, href } = new URL(text);
  return username === '' && href === `${found}/`;
}

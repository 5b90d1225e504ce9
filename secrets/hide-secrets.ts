// Removes secrets from texts of other programs. A server, or a proxy before it, may repeat in its error what
// it was sent. The worker's own secrets are hidden before an error becomes a failure, because Temporal stores
// failures and shows them to everybody.
export type Hide = (text: string) => string;

export interface Secret {
  value: string;
  /** The user of a basic authorisation, which sends `user:value`. */
  user?: string;
}

const HIDDEN = '(hidden)';

/** Shorter forms would match harmless words. */
const FORM_LENGTH_MIN = 6;

/**
 * Every form in which a secret is sent, or in which an answer may repeat it. The tests plant each of them.
 */
export const SECRET_FORMS: readonly { name: string; of: (secret: Secret) => readonly string[] }[] = [
  { name: 'as it is', of: ({ value }) => [value] },
  { name: 'in JSON', of: ({ value }) => [JSON.stringify(value).slice(1, -1)] },
  { name: 'in XML or HTML', of: ({ value }) => [toXml(value), toXml(value).replaceAll('&#39;', '&apos;')] },
  { name: 'in an address', of: ({ value }) => addressForms(value) },
  { name: 'in base64', of: ({ value }) => base64Forms(value) },
  {
    name: 'in a basic authorisation',
    of: ({ value, user }) => (user === undefined ? [] : base64Forms(`${user}:${value}`)),
  },
  { name: 'in hexadecimal digits', of: ({ value }) => hexForms(value) },
];

/**
 * The text after these words is always secret: authorisations and signatures, which are made anew for each
 * request.
 */
const SECRET_HEADERS: readonly RegExp[] = [
  // Ordinary words, as in "basic authentication failed", are not an authorisation.
  /\b([Bb]asic|[Bb]earer)(\s+|%20|\+)(?![A-Za-z]?[a-z]+\b)[A-Za-z0-9+/_.~=%-]{6,}/g,
  /\b(Signature)(=|%3D)[0-9a-f]{64}/gi,
  /\b(v1)(,|%2C)[A-Za-z0-9+/%]{40,}={0,2}/g,
];

/** @param secrets the worker's secrets; undefined for one that is not configured */
export function makeHide(secrets: readonly (string | Secret | undefined)[]): Hide {
  const known = secrets
    .filter((secret) => secret !== undefined)
    .map((secret) => (typeof secret === 'string' ? { value: secret } : secret));
  const forms = new Set(known.flatMap((secret) => SECRET_FORMS.flatMap(({ of }) => of(secret))));
  // The longest first, because one form may be part of another.
  const inOrder = [...forms]
    .filter(({ length }) => length >= FORM_LENGTH_MIN)
    .sort((a, b) => b.length - a.length);
  return (text) => {
    const left = inOrder.reduce((before, form) => before.replaceAll(form, HIDDEN), text);
    return SECRET_HEADERS.reduce((before, header) => before.replaceAll(header, `$1$2${HIDDEN}`), left);
  };
}

function toXml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * The escaped forms. Web forms use `+` for a space, and signatures escape five more characters. Hexadecimal
 * digits may be in either case.
 */
function addressForms(value: string): string[] {
  const escaped = encodeURIComponent(value);
  const strict = escaped.replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const lower = (text: string) => text.replaceAll(/%[0-9A-F]{2}/g, (escape) => escape.toLowerCase());
  const all = [escaped, strict, encodeURI(value)];
  return all.flatMap((each) => [each, lower(each), each.replaceAll('%20', '+')]);
}

/**
 * The base64 forms of the value at any offset in a longer text, without the characters at both ends that
 * depend on their neighbours. Forms without padding and the URL alphabet are included.
 */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = bytes.toString('base64').replace(/=+$/, '');
  const shifted = [1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(shift + 1, text.length - ((shift + bytes.length) % 3 === 0 ? 0 : 1));
  });
  const inside = bytes.length % 3 === 0 ? [] : [whole.slice(0, -1)];
  const all = [whole, ...inside, ...shifted];
  return all.flatMap((each) => [
    each,
    each.replaceAll('+', '-').replaceAll('/', '_'),
    encodeURIComponent(each),
  ]);
}

function hexForms(value: string): string[] {
  const digits = Buffer.from(value).toString('hex');
  return [digits, digits.toUpperCase()];
}

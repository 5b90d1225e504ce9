// Looks for secrets in whatever bytes it is given, in the forms in which they could have got there: as they
// are, as JSON escapes them, in base64 and hexadecimal digits, in an address, and as the password of a basic
// authorisation.

export interface Secret {
  name: string;
  value: string;
  /** For the form `user:value` of a basic authorisation. */
  user?: string;
}

export class SecretSearch {
  readonly #forms: { name: string; form: Buffer }[];
  /** What was found: `NAME in PLACE`. */
  readonly found = new Set<string>();
  #bytes = 0;

  constructor(secrets: readonly Secret[]) {
    this.#forms = secrets.flatMap(({ name, value, user }) =>
      [...formsOf(value, user)].map((form) => ({ name, form: Buffer.from(form) })),
    );
  }

  /** How much was looked through. */
  get bytes(): number {
    return this.#bytes;
  }

  look(place: string, content: Buffer | string): void {
    const bytes = Buffer.from(content);
    this.#bytes += bytes.length;
    for (const { name, form } of this.#forms) if (bytes.includes(form)) this.found.add(`${name} in ${place}`);
  }
}

function formsOf(value: string, user: string | undefined): Set<string> {
  const buffer = Buffer.from(value);
  return new Set([
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    buffer.toString('hex'),
    // Of any place in a longer text: the first and the last characters depend on what stands beside.
    ...[0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), buffer])
        .toString('base64')
        .slice(shift === 0 ? 0 : 4, -4),
    ),
    ...(user === undefined ? [] : [Buffer.from(`${user}:${value}`).toString('base64')]),
  ]);
}

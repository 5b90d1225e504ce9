// Takes secrets out of what others say: a server, or a proxy before it, may repeat in its error what it was
// sent. What is known of the worker's own secrets is hidden before an error becomes a failure, for failures
// are kept by Temporal and shown to everybody.
export type Hide = (text: string) => string;

const HIDDEN = '(hidden)';

/** Shorter ones would be found in innocent words. */
const SECRET_LENGTH_MIN = 6;

export function makeHide(secrets: readonly (string | undefined)[]): Hide {
  const known = secrets
    .filter((secret) => secret !== undefined)
    .filter(({ length }) => length >= SECRET_LENGTH_MIN);
  const forms = [...new Set(known.flatMap((secret) => [secret, encodeURIComponent(secret)]))];
  // The longest first: one may be a part of another.
  const inOrder = forms.sort((a, b) => b.length - a.length);
  return (text) => inOrder.reduce((left, form) => left.replaceAll(form, HIDDEN), text);
}

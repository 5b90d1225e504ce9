// Worked examples in a document: blocks of lines `name = expression = expression = 12.345 → 12`, read and
// computed here, so that a test can hold them against the product. Knows arithmetic (· / + − and a few
// functions), and nothing of what the names mean.
import assert from 'node:assert/strict';

export interface ExampleLine {
  name: string;
  /** Ways to write the same value. */
  expressions: string[];
  /** The value, as far as it is written out. */
  result: string;
  /** What the file has; undefined where the file has no such thing. */
  written: string | undefined;
}

export interface ExampleBlock {
  /** The first line: what the block is about. */
  subject: string;
  lines: ExampleLine[];
}

/** The fenced blocks named `example` of a document, in order. */
export function readExamples(markdown: string): ExampleBlock[] {
  return [...markdown.matchAll(/^```example\n(.*?)\n```$/gms)].map(([, text = '']) => {
    const [subject = '', ...lines] = text.split('\n');
    return { subject, lines: lines.map(readLine) };
  });
}

function readLine(line: string): ExampleLine {
  const [sums = '', written] = line.split(' → ');
  const [name, ...parts] = sums.split(' = ');
  const result = parts.pop();
  assert.ok(name !== undefined && result !== undefined && parts.length > 0, `an example: ${line}`);
  return { name, expressions: parts, result, written };
}

type Token = string;

/** The value of an expression, names looked up in `known`. Throws for what is not known or not arithmetic. */
export function evaluate(expression: string, known: ReadonlyMap<string, number>): number {
  const tokens = expression.match(/\d+(?:\.\d+)?|[A-Za-z_][\w.]*|√|\S/g) ?? [];
  const reader = new ExpressionReader(tokens, known);
  const value = reader.sum();
  assert.ok(reader.isAtEnd(), `nothing follows in ${expression}`);
  return value;
}

const FUNCTIONS: Readonly<Record<string, (...values: number[]) => number>> = {
  max: Math.max,
  min: Math.min,
  ln: Math.log,
  log2: Math.log2,
  '√': Math.sqrt,
};

class ExpressionReader {
  readonly #tokens: Token[];
  readonly #known: ReadonlyMap<string, number>;
  #at = 0;

  constructor(tokens: Token[], known: ReadonlyMap<string, number>) {
    this.#tokens = tokens;
    this.#known = known;
  }

  isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  sum(): number {
    let value = this.#product();
    for (;;) {
      if (this.#takes('+')) value += this.#product();
      else if (this.#takes('-')) value -= this.#product();
      else return value;
    }
  }

  #product(): number {
    let value = this.#factor();
    for (;;) {
      if (this.#takes('·')) value *= this.#factor();
      else if (this.#takes('/')) value /= this.#factor();
      else return value;
    }
  }

  #factor(): number {
    const token = this.#next();
    if (token === '(') return this.#closed(this.sum());
    if (/^\d/.test(token)) return Number(token);
    const called = FUNCTIONS[token];
    if (called !== undefined) return this.#call(called);
    const value = this.#known.get(token);
    assert.ok(value !== undefined, `${token} is known`);
    return value;
  }

  #call(called: (...values: number[]) => number): number {
    assert.equal(this.#next(), '(');
    const values = [this.sum()];
    while (this.#takes(',')) values.push(this.sum());
    return this.#closed(called(...values));
  }

  #closed(value: number): number {
    assert.equal(this.#next(), ')');
    return value;
  }

  #takes(token: Token): boolean {
    const isNext = this.#tokens[this.#at] === token;
    if (isNext) this.#at += 1;
    return isNext;
  }

  #next(): Token {
    const token = this.#tokens[this.#at];
    assert.ok(token !== undefined, 'the expression goes on');
    this.#at += 1;
    return token;
  }
}

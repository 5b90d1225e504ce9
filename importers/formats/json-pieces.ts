// Finds the values at chosen places of one big JSON text without holding the text: walks through it once,
// keeps the path of keys, and hands over the text of each value that was asked for. Everything else is passed
// over. Damage ends the walk.

/** Object keys from the outermost inward; inside arrays an element's place is not counted. */
export type JsonPath = readonly string[];

export interface JsonPiecesHandlers {
  /**
   * Whether the value at this path is wanted as a piece. Asked once for each value down to `depthMax` keys.
   */
  wants: (path: JsonPath) => boolean;
  piece: (path: JsonPath, text: string, lineNumber: number) => void;
  /** An object at this path is over. */
  closed: (path: JsonPath) => void;
  depthMax: number;
}

/** The text does not go on as JSON would. */
export class JsonDamage extends Error {
  readonly lineNumber: number;
  constructor(lineNumber: number, got: string) {
    super(`not JSON from here on: got ${JSON.stringify(got)}`);
    this.lineNumber = lineNumber;
  }
}

type Expecting = 'value' | 'key-or-end' | 'key' | 'colon' | 'comma-or-end' | 'nothing';

interface Frame {
  isArray: boolean;
}

const QUOTE = 34;
const BACKSLASH = 92;

export class JsonPieces {
  readonly #handlers: JsonPiecesHandlers;
  readonly #frames: Frame[] = [];
  readonly #path: string[] = [];
  #expecting: Expecting = 'value';
  #lineNumber = 1;
  #inString = false;
  #escaped = false;
  /** The key being read, or null outside of a key. */
  #key: string | null = null;
  /** Pieces of the wanted value so far; null when none is being collected. */
  #collected: string[] | null = null;
  #collectedDepth = 0;
  #inPlain = false;

  constructor(handlers: JsonPiecesHandlers) {
    this.#handlers = handlers;
  }

  /** Walks on. Throws JsonDamage where the text is no JSON. */
  push(text: string): void {
    let keptFrom = 0;
    let position = 0;
    while (position < text.length) {
      if (this.#inString) {
        const behind = this.#passString(text, position);
        if (behind === null) break;
        position = behind;
        keptFrom = this.#endString(text, position, keptFrom);
        continue;
      }
      const code = text.charCodeAt(position);
      if (code === 10) this.#lineNumber += 1;
      const next = this.#passCharacter(text, position, code, keptFrom);
      keptFrom = next.keptFrom;
      position = next.position;
    }
    if (this.#collected !== null) this.#collected.push(text.slice(keptFrom));
    else if (this.#key !== null) this.#key += text.slice(keptFrom);
  }

  /** True when the outermost value was complete. */
  get isComplete(): boolean {
    return this.#expecting === 'nothing';
  }

  get lineNumber(): number {
    return this.#lineNumber;
  }

  /**
   * To the closing quote; returns the position behind it, or null when the string goes on in the next text.
   */
  #passString(text: string, from: number): number | null {
    for (let position = from; position < text.length; position += 1) {
      const code = text.charCodeAt(position);
      if (code === 10) this.#lineNumber += 1;
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === QUOTE) {
        this.#inString = false;
        return position + 1;
      }
    }
    return null;
  }

  #endString(text: string, position: number, keptFrom: number): number {
    if (this.#collected !== null) {
      return this.#frames.length === this.#collectedDepth
        ? this.#endPiece(text, position, keptFrom)
        : keptFrom;
    }
    if (this.#key !== null) {
      const raw = `"${this.#key}${text.slice(keptFrom, position - 1)}"`;
      this.#key = null;
      this.#path.push(this.#decodeKey(raw));
      this.#expecting = 'colon';
      return position;
    }
    this.#endValue();
    return position;
  }

  #decodeKey(raw: string): string {
    try {
      return String(JSON.parse(raw));
    } catch {
      throw new JsonDamage(this.#lineNumber, raw.slice(0, 40));
    }
  }

  #passCharacter(
    text: string,
    position: number,
    code: number,
    keptFrom: number,
  ): { position: number; keptFrom: number } {
    const isSpace = code === 32 || code === 10 || code === 13 || code === 9;
    if (this.#inPlain) {
      if (isPlain(code)) return { position: position + 1, keptFrom };
      this.#inPlain = false;
      return { position, keptFrom: this.#endPlain(text, position, keptFrom) };
    }
    if (isSpace) return { position: position + 1, keptFrom };
    return this.#passToken(text, position, code, keptFrom);
  }

  #endPlain(text: string, position: number, keptFrom: number): number {
    if (this.#collected === null) this.#endValue();
    else if (this.#frames.length === this.#collectedDepth) return this.#endPiece(text, position, keptFrom);
    else this.#expecting = 'comma-or-end';
    return keptFrom;
  }

  #passToken(
    text: string,
    position: number,
    code: number,
    keptFrom: number,
  ): { position: number; keptFrom: number } {
    const character = text[position] ?? '';
    if (code === QUOTE) return this.#beginString(position, keptFrom);
    if (character === ':' && this.#expecting === 'colon') {
      this.#expecting = 'value';
      return { position: position + 1, keptFrom };
    }
    if (character === ',' && this.#expecting === 'comma-or-end') {
      this.#expecting = this.#frames[this.#frames.length - 1]?.isArray === true ? 'value' : 'key';
      return { position: position + 1, keptFrom };
    }
    if (character === '}' || character === ']')
      return this.#closeFrame(text, position, character === ']', keptFrom);
    if (this.#expecting !== 'value') throw new JsonDamage(this.#lineNumber, character);
    const kept = this.#beginValue(position, keptFrom);
    if (character === '{' || character === '[') {
      this.#frames.push({ isArray: character === '[' });
      this.#expecting = character === '[' ? 'value' : 'key-or-end';
    } else if (isPlain(code)) this.#inPlain = true;
    else throw new JsonDamage(this.#lineNumber, character);
    return { position: position + 1, keptFrom: kept };
  }

  #beginString(position: number, keptFrom: number): { position: number; keptFrom: number } {
    this.#inString = true;
    if (this.#expecting === 'key' || this.#expecting === 'key-or-end') {
      // Keys inside a wanted value are part of it.
      if (this.#collected !== null) {
        this.#expecting = 'colon';
        return { position: position + 1, keptFrom };
      }
      this.#key = '';
      return { position: position + 1, keptFrom: position + 1 };
    }
    if (this.#expecting !== 'value') throw new JsonDamage(this.#lineNumber, '"');
    const kept = this.#beginValue(position, keptFrom);
    if (this.#collected !== null && this.#frames.length > this.#collectedDepth)
      this.#expecting = 'comma-or-end';
    return { position: position + 1, keptFrom: kept };
  }

  /** Starts collecting if the value at the present path is wanted; returns from where text is kept. */
  #beginValue(position: number, keptFrom: number): number {
    if (this.#collected !== null) return keptFrom;
    if (this.#path.length > this.#handlers.depthMax || !this.#handlers.wants(this.#path)) return keptFrom;
    this.#collected = [];
    this.#collectedDepth = this.#frames.length;
    return position;
  }

  #closeFrame(
    text: string,
    position: number,
    isArray: boolean,
    keptFrom: number,
  ): { position: number; keptFrom: number } {
    const frame = this.#frames[this.#frames.length - 1];
    const mayClose =
      this.#expecting === 'comma-or-end' ||
      this.#expecting === 'key-or-end' ||
      (isArray && this.#expecting === 'value');
    if (frame?.isArray !== isArray || !mayClose) throw new JsonDamage(this.#lineNumber, isArray ? ']' : '}');
    this.#frames.pop();
    if (this.#collected !== null) {
      this.#expecting = 'comma-or-end';
      const isOver = this.#frames.length === this.#collectedDepth;
      return {
        position: position + 1,
        keptFrom: isOver ? this.#endPiece(text, position + 1, keptFrom) : keptFrom,
      };
    }
    if (!isArray) this.#handlers.closed(this.#path);
    this.#endValue();
    return { position: position + 1, keptFrom };
  }

  #endPiece(text: string, position: number, keptFrom: number): number {
    const piece = [...(this.#collected ?? []), text.slice(keptFrom, position)].join('');
    this.#collected = null;
    this.#handlers.piece(this.#path, piece, this.#lineNumber);
    this.#endValue();
    return position;
  }

  /** A value outside of any piece is over: its key leaves the path. */
  #endValue(): void {
    const frame = this.#frames[this.#frames.length - 1];
    if (frame === undefined) this.#expecting = 'nothing';
    else {
      this.#expecting = 'comma-or-end';
      if (!frame.isArray) this.#path.pop();
    }
  }
}

/** Characters of numbers, `true`, `false` and `null`; what they spell is checked when the piece is parsed. */
function isPlain(code: number): boolean {
  return (
    (code >= 48 && code <= 57) ||
    (code >= 97 && code <= 122) ||
    code === 45 ||
    code === 43 ||
    code === 46 ||
    code === 69
  );
}

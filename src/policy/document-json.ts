import { MAX_DEPTH, MAX_VALUES, readNumber, tooMany } from "./document.ts";
import type { DocumentNode, Path, Problem, Reading } from "./document.ts";

/**
 * Reads JSON with positions. The `yaml` package reads it too, but loading that package takes a hook a fifth of the time
 * node needs to start; a policy in JSON is judged without it.
 *
 * @returns null for text that is no JSON (RFC 8259): whoever calls asks the other reader, which tells what is wrong
 */
export function readJson(text: string): Reading | null {
  const reader = new JsonReader(text);
  try {
    return { root: reader.document(), problems: reader.problems };
  } catch (error) {
    if (error instanceof NotJson) return null;
    if (error instanceof TooMany) return { root: null, problems: [tooMany] };
    throw error;
  }
}

class NotJson extends Error {}
class TooMany extends Error {}

class JsonReader {
  readonly problems: Problem[] = [];
  readonly #text: string;
  #at = 0;
  #values = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): DocumentNode {
    this.#take(SPACE);
    const root = this.#value([], this.#at);
    if (this.#at < this.#text.length) throw new NotJson();
    return root;
  }

  #value(path: Path, offset: number): DocumentNode {
    this.#values += 1;
    if (this.#values > MAX_VALUES) throw new TooMany();
    const next = this.#text[this.#at];
    if (next === "{") return this.#object(path, offset);
    if (next === "[") return this.#array(path, offset);
    const value = next === '"' ? this.#string() : this.#plain();
    this.#take(SPACE);
    return { value, offset, children: null };
  }

  #object(path: Path, offset: number): DocumentNode {
    const value: Record<string, unknown> = {};
    const children = new Map<string, DocumentNode>();
    this.#open(path);
    while (!this.#close("}", children.size)) {
      const keyOffset = this.#at;
      const key = this.#string();
      this.#take(SPACE);
      this.#expect(":");
      const child = this.#value([...path, key], keyOffset);
      if (children.has(key)) this.problems.push(duplicateKey([...path, key], keyOffset));
      else if (key === "__proto__") this.problems.push(hiddenKey([...path, key], keyOffset));
      else value[key] = child.value;
      children.set(key, children.get(key) ?? child);
    }
    return { value, offset, children };
  }

  #array(path: Path, offset: number): DocumentNode {
    const value: unknown[] = [];
    const children = new Map<number, DocumentNode>();
    this.#open(path);
    while (!this.#close("]", value.length)) {
      const child = this.#value([...path, value.length], this.#at);
      children.set(value.length, child);
      value.push(child.value);
    }
    return { value, offset, children };
  }

  #open(path: Path): void {
    if (path.length >= MAX_DEPTH) throw new NotJson();
    this.#at += 1;
    this.#take(SPACE);
  }

  /** Whether the list ends here; else a comma is taken where one belongs. */
  #close(mark: string, count: number): boolean {
    if (this.#text[this.#at] === mark) {
      this.#expect(mark);
      return true;
    }
    if (count > 0) this.#expect(",");
    return false;
  }

  #expect(mark: string): void {
    if (this.#text[this.#at] !== mark) throw new NotJson();
    this.#at += 1;
    this.#take(SPACE);
  }

  #string(): string {
    const start = this.#at;
    if (this.#text[start] !== '"') throw new NotJson();
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) throw new NotJson();
    } while (isEscaped(this.#text, end));
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      throw new NotJson();
    }
  }

  #plain(): unknown {
    const source = this.#take(PLAIN);
    if (source === "true" || source === "false") return source === "true";
    if (source === "null") return null;
    if (!NUMBER.test(source)) throw new NotJson();
    return readNumber(source);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}

const SPACE = /[ \t\r\n]*/y;
const PLAIN = /[-+.\w]*/y;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text[quote - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

/** The later one would win in some readers, the first in others: people and programs would read two policies. */
export const duplicateKey = (path: Path, offset: number): Problem => ({
  path,
  offset,
  message: `duplicate key \`${String(path.at(-1))}\``,
  expected: "each key once",
});

/** As a key of an object this is JavaScript's own, and would not be seen. */
export const hiddenKey = (path: Path, offset: number): Problem => ({
  path,
  offset,
  message: `unknown key \`${String(path.at(-1))}\``,
  expected: "a key of the policy format",
});

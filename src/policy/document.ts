import type { PolicyIssue } from "../errors.ts";

/** Keys and indexes from the top of the file down to a value. */
export type Path = readonly (string | number)[];

/** A value of the file and where it was written. Plain data: `value` holds what `children` hold. */
export interface DocumentNode {
  readonly value: unknown;
  /** Where its key, list item or text starts, in UTF-16 units. */
  readonly offset: number;
  readonly children: ReadonlyMap<string | number, DocumentNode> | null;
}

/** A mistake before it is told by file and line. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  readonly expected: string;
  /** Where it stands, if not at the value that `path` names. */
  readonly offset?: number;
  /** The value at `path` is not what its writer meant: nothing else is to be said of it. */
  readonly spoilt?: boolean;
}

/** What a reader makes of a text. `root` is null where it cannot be read as data. */
export interface Reading {
  readonly root: DocumentNode | null;
  readonly problems: readonly Problem[];
}

/** Deeper than any policy. Parsers recurse, and a stack that overflows is no verdict. */
export const MAX_DEPTH = 32;

/**
 * More values than any policy has. A few million of them fit into the bytes that a policy may have, and would take gigabytes
 * to be read, and to have each of them found wrong.
 */
export const MAX_VALUES = 50_000;

export const tooMany: Problem = {
  path: [],
  message: "the file holds too many values",
  expected: `at most ${MAX_VALUES}`,
  spoilt: true,
};

/** A file as data that knows the line of each of its values. */
export class PolicyDocument {
  readonly file: string;
  readonly #text: string;
  readonly #root: DocumentNode | null;
  #lineEnds: readonly number[] | null = null;

  constructor(file: string, text: string, root: DocumentNode | null) {
    this.file = file;
    this.#text = text;
    this.#root = root;
  }

  /** The value at a path, undefined where there is none. */
  valueOf(path: Path): unknown {
    let node = this.#root;
    for (const key of path) node = node?.children?.get(key) ?? null;
    return node?.value;
  }

  /** The line of the nearest value the file holds: what is missing is told where it should stand. */
  lineOf(path: Path): number {
    let node = this.#root;
    for (const key of path) {
      const child = node?.children?.get(key);
      if (child === undefined) break;
      node = child;
    }
    return this.lineAt(node?.offset ?? 0);
  }

  lineAt(offset: number): number {
    this.#lineEnds ??= [...this.#text.matchAll(/\n/g)].map(({ index }) => index);
    let low = 0;
    let high = this.#lineEnds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lineEnds[middle] ?? Infinity) < offset) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  }

  issueOf({ path, message, expected, offset }: Problem): PolicyIssue {
    const line = offset === undefined ? this.lineOf(path) : this.lineAt(offset);
    return { file: this.file, line, path: renderPath(path), message, expected };
  }
}

/** A JSON path: `$.principals.alice.keys[0]`. */
export function renderPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return /^[A-Za-z_]\w*$/.test(key) ? `${text}.${key}` : `${text}[${JSON.stringify(key)}]`;
  }, "$");
}

/**
 * Numbers are whole and short enough to be exact; what else looks like one stays text, as it was written. An object id
 * of digits alone, or one with a single `e` in it, is no number.
 */
export function readNumber(source: string): number | string {
  const value = Number(source);
  return /^-?(?:0|[1-9]\d*)$/.test(source) && Number.isSafeInteger(value) ? value : source;
}

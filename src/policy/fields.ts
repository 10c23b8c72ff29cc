import * as z from "zod/mini";
import { isObjectId, isZeroId } from "../encoding/identifiers.ts";
import { parseTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import { compileGlob } from "./globs.ts";
import { compilePathGlob } from "./path-globs.ts";

/** What the JSON Schema says of a field, for editors. */
export interface FieldDocumentation {
  readonly description: string;
  readonly examples?: readonly unknown[];
  /** Parts of a JSON Schema that say (some of) what `problem` checks. */
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly oneOf?: readonly object[];
  readonly anyOf?: readonly object[];
  readonly propertyNames?: object;
}

// One file is parsed once: compiling a parser for it costs more than it saves, and needs `new Function`.
z.config({ jitless: true });

/** Says what a schema is for. zod's own `check(z.meta(…))` makes a copy of each schema, while every hook waits. */
export function documented<Schema extends z.ZodMiniType>(schema: Schema, documentation: FieldDocumentation): Schema {
  z.globalRegistry.add(schema, { ...documentation });
  return schema;
}

/** A text field: `problem` says what is wrong with a value, null for nothing; `expected` what would be right. */
export function textField(
  expected: string,
  problem: (text: string) => string | null,
  documentation: FieldDocumentation,
): z.ZodMiniString {
  const check = z.check<string>((payload) => {
    const { value } = payload;
    // A lone surrogate has no bytes; what would be compared is not what was written.
    const message = hasLoneSurrogate(value) ? "holds half of a UTF-16 pair" : problem(value);
    if (message !== null) payload.issues.push({ code: "custom", input: value, message, params: { expected } });
  });
  return documented<z.ZodMiniString>(new z.ZodMiniString({ type: "string", checks: [check] }), documentation);
}

/** Character classes of Unicode are slow to compile: they are asked where a surrogate was seen. */
const hasLoneSurrogate = (text: string): boolean => /[\ud800-\udfff]/.test(text) && /\p{Cs}/u.test(text);

const NOT_EMPTY = z.minLength(1);

/** A list with something in it. */
export function listField<Item extends z.ZodMiniType>(item: Item, description: string): z.ZodMiniArray<Item> {
  const list = new z.ZodMiniArray({ type: "array", element: item, checks: [NOT_EMPTY] }) as z.ZodMiniArray<Item>;
  return documented(list, { description });
}

/** One of a few words, the first being the usual one. */
export const choiceField = <const Values extends readonly [string, ...string[]]>(values: Values, description: string) =>
  documented(z.enum(values), { description, examples: [values[0]] });

/** A whole number within bounds. */
export const integerField = (minimum: number, maximum: number, documentation: FieldDocumentation) =>
  documented(z.int().check(z.minimum(minimum), z.maximum(maximum)), documentation);

export const NAME_EXPECTED = "a name: a–z, 0–9, `.`, `_` and `-`, at most 64, the first a letter or a digit";
export const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

export const nameField = (documentation: FieldDocumentation) =>
  textField(NAME_EXPECTED, (text) => (NAME.test(text) ? null : "is no name"), {
    ...documentation,
    pattern: NAME.source,
  });

/** Text that people read: one line, bounded, and nothing that moves a cursor. */
export const labelField = (documentation: FieldDocumentation) =>
  textField(
    "one line of text, 1 to 200 characters",
    (text) => {
      if (text.trim() === "") return "is empty";
      if (text.length > 200) return "is longer than 200 characters";
      return /[\0-\x1f\x7f-\x9f\u2028\u2029]/.test(text) ? "holds a control character or line end" : null;
    },
    { ...documentation, minLength: 1, maxLength: 200 },
  );

export const emailField = () =>
  textField(
    "an e-mail: 1 to 320 bytes with an `@`, without `<`, `>`, NUL and line ends",
    (text) => {
      const { length } = new TextEncoder().encode(text);
      if (length < 1 || length > 320) return `is ${length} bytes long`;
      if (!text.includes("@")) return "has no `@`";
      return /[<>\0\r\n]/.test(text) ? "holds a character that no identity line can" : null;
    },
    {
      description: "An address as it stands in commits",
      examples: ["alice@example.org"],
      pattern: "^[^<>\\u0000\\r\\n]*@[^<>\\u0000\\r\\n]*$",
      maxLength: 320,
    },
  );

export const timeField = (description: string) =>
  textField("a time with its zone, such as 2026-07-22T22:09:25Z", (text) => parseFailure(() => parseTime(text)), {
    description,
    examples: ["2026-07-22T22:09:25Z"],
  });

export const objectIdField = (description: string) =>
  textField(
    "a full object id: 40 or 64 lower-case hexadecimal digits",
    (text) => (isObjectId(text) && !isZeroId(text) ? null : "is no full object id"),
    { description, examples: ["9d1a2c0e5b7f4a6d8c3e1f0a9b8c7d6e5f4a3b2c"], pattern: "^([0-9a-f]{40}|[0-9a-f]{64})$" },
  );

/** A pattern for full ref names. One that no ref could match would leave unprotected what its writer meant. */
export const refField = (description: string) =>
  textField(
    "a pattern for full ref names, such as refs/heads/main or refs/heads/release/**",
    (text) => parseFailure(() => compileGlob(text)) ?? refProblem(text),
    { description, examples: ["refs/heads/main", "refs/heads/release/**", "refs/tags/v*"], pattern: "^(refs/|\\*\\*)" },
  );

function refProblem(pattern: string): string | null {
  if (!pattern.startsWith("refs/") && !/^\*\*(?:\/|$)/.test(pattern)) {
    return "does not start with `refs/`, so it names no ref";
  }
  // git-check-ref-format(1): no ref has these
  const bad = /[\0-\x20\x7f~^:[\\]|\.\.|@\{|\.lock(?:\/|$)|(?:^|\/)\.|\.$/.exec(pattern);
  return bad === null ? null : `holds ${JSON.stringify(bad[0])}, which no ref name does there`;
}

/** A pattern for paths from the top of the tree, with `/` between components. */
export const pathField = (description: string) =>
  textField("a pattern for paths, such as ci/** or package.json", (text) => parseFailure(() => compilePathGlob(text)), {
    description,
    examples: ["ci/**", "package.json", "**/Makefile"],
  });

/** Paths beside the policy that mean the same file everywhere: in a folder, in a tree, on Windows. */
export function filePathProblem(text: string): string | null {
  if (text === "" || text.length > 1000) return "is no path";
  if (text.startsWith("/") || text.startsWith("~") || /^[A-Za-z]:/.test(text)) return "is not relative to the policy";
  // Forbidden on Windows, special to git's pathspecs, or (outside ASCII) not the same bytes on every file system.
  const odd = /[^\x20-\x7e]|[\\:*?"<>|[\]]/u.exec(text);
  if (odd !== null) return `holds ${JSON.stringify(odd[0])}, which is not the same file everywhere`;
  const components = text.split("/");
  if (components.includes("..")) return "leaves the policy's folder";
  if (components.some((component) => component === "" || component === ".")) return "has an empty component or `.`";
  return components.some((component) => component.toLowerCase() === ".git") ? "points into a `.git` folder" : null;
}

function parseFailure(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    if (error instanceof ParseError) return error.message.slice(`${error.what}: `.length);
    throw error;
  }
}

import type * as z from "zod/mini";
import type { Path, Problem } from "./document.ts";
import { NEVER_EXEMPT } from "./exemptible.ts";
import { isMapping } from "./loose.ts";
import { policySchema } from "./schema.ts";
import { suggestion } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** Says in our words what zod found. `value` is what was checked. */
export function problemsOf(issues: readonly Issue[], value: unknown): readonly Problem[] {
  return issues.flatMap((issue) => describe(issue, issue.path as Path, value));
}

/** A policy that is missing as a whole is one that package.json should hold. */
const MEMBER = "signpolicy";

function describe(issue: Issue, path: Path, value: unknown): readonly Problem[] {
  const at = (message: string, expected: string): readonly Problem[] => [{ path, message, expected }];
  const found = valueAt(value, path);
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(path, key));
    case "invalid_type":
      if (found === undefined)
        return at(`\`${String(path.at(-1) ?? MEMBER)}\` is missing`, TYPES[issue.expected] ?? issue.expected);
      return at(`is ${typeName(found)}`, TYPES[issue.expected] ?? issue.expected);
    case "invalid_value":
      return [unknownValue(path, found, issue.values)];
    case "invalid_union":
      if (path[0] === "groups") return memberProblems(issue, path, value);
      return at(issue.message, "`true`, or a time with its zone, such as 2026-07-22T22:09:25Z");
    case "too_small":
      return issue.origin === "array"
        ? at("is empty", "at least one item")
        : at(`is ${typeName(found)}`, `at least ${issue.minimum}`);
    case "too_big":
      return at(`is ${typeName(found)}`, `at most ${issue.maximum}`);
    case "custom":
      return at(issue.message, String(issue.params?.["expected"]));
    default:
      return at(issue.message, "a value of the policy format");
  }
}

/** A member of a group is a text or a mapping, and is told what is wrong with it as what it is. */
function memberProblems(
  { errors }: Extract<Issue, { code: "invalid_union" }>,
  path: Path,
  value: unknown,
): readonly Problem[] {
  const found = valueAt(value, path);
  const meant = typeof found === "string" ? errors[0] : isMapping(found) ? errors[1] : undefined;
  if (meant === undefined) {
    const expected = "the name of a principal, or `{ principal, from, until }`";
    return [{ path, message: `is ${typeName(found)}`, expected }];
  }
  return meant.flatMap((issue) => describe(issue, [...path, ...(issue.path as Path)], value));
}

const TYPES: Readonly<Partial<Record<string, string>>> = {
  string: "text",
  number: "a whole number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
};

function typeName(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a mapping";
  return typeof value === "string" ? `the text ${quote(value)}` : `the ${typeof value} ${JSON.stringify(value)}`;
}

const quote = (text: string): string => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);

function unknownValue(path: Path, found: unknown, values: readonly unknown[]): Problem {
  const expected = values.map(String).join(" | ");
  if (found === undefined) return { path, message: `\`${String(path.at(-1))}\` is missing`, expected };
  if (typeof found !== "string" || !values.every((value) => typeof value === "string"))
    return { path, message: `is ${typeName(found)}`, expected };
  if (path.includes("codes") && NEVER_EXEMPT.some((code) => code === found)) {
    return { path, message: `${found} is never forgiven`, expected: "codes other than " + NEVER_EXEMPT.join(", ") };
  }
  return { path, message: `${quote(found)} is not known${suggestion(found, values)}`, expected };
}

/** Keys that the design has and this version does not enforce; a policy that uses one is refused, never weakened. */
const NOT_BUILT: Readonly<Partial<Record<string, readonly string[]>>> = {
  "rules[].tags": ["threshold"],
};

function unknownKey(path: Path, key: string): Problem {
  const at = [...path, key];
  const place = path.reduce<string>(
    (text, step) => (typeof step === "number" ? `${text}[]` : text === "" ? step : `${text}.${step}`),
    "",
  );
  if (NOT_BUILT[place]?.includes(key) === true) {
    const message = `\`${key}\` is not built yet`;
    return { path: at, message, expected: `no \`${key}\`: this version cannot enforce it, and does not ignore it` };
  }
  const known = keysAt(path);
  return {
    path: at,
    message: `unknown key \`${key}\`${suggestion(key, known)}`,
    expected: `one of ${known.join(", ")}`,
  };
}

/** The keys that the schema has for the mapping at a path. */
function keysAt(path: Path): readonly string[] {
  let schema: z.core.$ZodType = policySchema;
  for (const step of path) schema = childOf(bare(schema), step) ?? schema;
  const { def } = bare(schema)._zod as z.core.$ZodObject["_zod"];
  return Object.keys(def.shape);
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  const def = schema._zod.def as z.core.$ZodTypes["_zod"]["def"];
  if (def.type === "object") return def.shape[step];
  if (def.type === "array") return def.element;
  return def.type === "record" ? def.valueType : undefined;
}

function bare(schema: z.core.$ZodType): z.core.$ZodType {
  const def = schema._zod.def as z.core.$ZodTypes["_zod"]["def"];
  if (def.type === "optional") return def.innerType;
  return def.type === "union" ? (def.options.find(isObject) ?? schema) : schema;
}

const isObject = (schema: z.core.$ZodType): boolean =>
  (schema._zod.def as z.core.$ZodTypes["_zod"]["def"]).type === "object";

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((parent, key) => {
    const holds = typeof parent === "object" && parent !== null && Object.hasOwn(parent, key);
    return holds ? (parent as Readonly<Record<string | number, unknown>>)[key] : undefined;
  }, value);
}

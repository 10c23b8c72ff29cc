import { isMapping, mappingOf } from "./loose.ts";
import { TRUST_MERGES } from "./policy.ts";

export type Effect = "tightens" | "loosens";
export type Note = (path: string, effect: Effect, message: string) => void;

/** Two values of a policy file at one path, member by member. Lists of words are sets: their order says nothing. */
export function diffValue(path: readonly string[], before: unknown, after: unknown, note: Note): void {
  if (same(before, after)) return;
  const where = path.join(".");
  const key = path.at(-1) ?? "";
  if (isMapping(before) && isMapping(after)) {
    for (const member of new Set([...Object.keys(before), ...Object.keys(after)])) {
      diffValue([...path, member], before[member], after[member], note);
    }
  } else if (isWords(before) && isWords(after)) {
    const added = after.filter((word) => !before.includes(word));
    const removed = before.filter((word) => !after.includes(word));
    if (added.length > 0) note(where, "loosens", `adds ${added.join(", ")}`);
    const effect =
      FEWER_IS_TIGHTER.has(key) || path[0] === "groups" || path[0] === "administration" ? "tightens" : "loosens";
    if (removed.length > 0) note(where, effect, `removes ${removed.join(", ")}`);
  } else if (after === undefined) note(where, "loosens", `removes ${show(before)}`);
  else if (before === undefined)
    note(where, TIGHTER[key]?.(before, after) === true ? "tightens" : "loosens", `is ${show(after)}`);
  else
    note(
      where,
      TIGHTER[key]?.(before, after) === true ? "tightens" : "loosens",
      `is ${show(after)}, was ${show(before)}`,
    );
}

/** Entries with a name: `removal` says what taking one away does; adding one loosens, since what it allows may be new. */
export function diffNamed(
  path: string,
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  note: Note,
  removal: Effect,
): void {
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const where = `${path}.${show(name)}`;
    if (!before.has(name)) note(where, "loosens", "is new");
    else if (!after.has(name)) note(where, removal, "is removed");
    else diffValue([path, show(name)], before.get(name), after.get(name), note);
  }
}

/** Lists from which a word less lets less through. */
const FEWER_IS_TIGHTER: ReadonlySet<string> = new Set(["signedBy", "side", "base", "hashes", "codes", "emails"]);

const becomes =
  (strict: string) =>
  (_: unknown, after: unknown): boolean =>
    after === strict;
const greater = (before: unknown, after: unknown): boolean =>
  typeof before === "number" && typeof after === "number" && after > before;
const earlier = (before: unknown, after: unknown): boolean =>
  typeof after === "string" &&
  (before === undefined || (typeof before === "string" && Date.parse(after) < Date.parse(before)));

/** Whether a value that changed lets less through than the one before; what has no line here never does. */
const TIGHTER: Readonly<Record<string, ((before: unknown, after: unknown) => boolean) | undefined>> = {
  level: becomes("error"),
  enforceFrom: (before, after) => before !== undefined && earlier(before, after),
  lightweight: becomes("deny"),
  move: becomes("deny"),
  delete: becomes("deny"),
  force: becomes("deny"),
  unmatched: becomes("deny"),
  target: becomes("verified"),
  identity: (before, after) => after === "both" || before === "none",
  rsaBits: greater,
  threshold: (before, after) => greater(before ?? 1, after),
  merges: (before, after) => rank(after) < rank(before),
  until: earlier,
  // Names and reasons are for people: one holder is enough.
  name: () => true,
  reason: () => true,
};

const rank = (mode: unknown): number => TRUST_MERGES.findIndex((name) => name === mode);

const isWords = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  }
  if (!isMapping(a) || !isMapping(b)) return false;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...keys].every((key) => same(mappingOf(a)[key], mappingOf(b)[key]));
}

/** A value in a sentence, on one line and not without end. */
export function show(value: unknown): string {
  const text = typeof value === "string" ? value : ((JSON.stringify(value) as string | undefined) ?? "");
  const line = text.replace(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}

import { latin1 } from "../encoding/bytes.ts";
import { ParseError } from "../errors.ts";
import type { Glob } from "./policy.ts";

/**
 * Compiles a pattern for ref names or paths. Only `*` (any characters within one component), `?` (one character within
 * a component) and `**` (any number of whole components, also none) are special; every other character stands for
 * itself, and dotfiles, newlines and bytes that are not UTF-8 are matched like any other.
 *
 * Not picomatch: its regular expressions backtrack in a power that grows with each `**`, on names that whoever pushes
 * chooses; its `**` ends at a newline, which would leave such a path unprotected; and loading it costs every hook 4 ms.
 * This matcher goes back to the last wildcard only, so that its work is bounded by pattern length times name length.
 * test/properties/globs.test.ts shows that it matches at least what picomatch matches.
 *
 * @throws ParseError for a pattern that could name nothing, or that reads as if it meant something else.
 */
export function compileGlob(pattern: string): Glob {
  checkPattern(pattern);
  const text = latin1(new TextEncoder().encode(pattern));
  if (isLiteral(text)) return { pattern, matches: (name) => name === text };
  const components = text.split("/").map((component) => (component === "**" ? ANY : compileComponent(component)));
  return { pattern, matches: (name) => matchComponents(components, name.split("/")) };
}

/** Whether the components of a pattern take up all of these names. */
export const matchComponents = (components: readonly (ComponentMatcher | null)[], names: readonly string[]): boolean =>
  matchAll(components, names, (component, name) => component(name));

function checkPattern(pattern: string): void {
  const fail = (message: string): never => {
    throw new ParseError("pattern", message);
  };
  if (pattern === "") fail("is empty");
  if (pattern.startsWith("!")) fail("starts with `!`, which does not negate here");
  if (pattern.includes("\0")) fail("holds a NUL, which no name does");
  for (const component of pattern.split("/")) {
    if (component === "") fail("has an empty component (a slash at an end, or two in a row)");
    if (component === "." || component === "..") fail("has a component `.` or `..`, which no name has");
    if (component !== "**" && component.includes("**")) fail("has `**` beside other characters of a component");
  }
}

const isLiteral = (pattern: string): boolean => !pattern.includes("*") && !pattern.includes("?");

/** Stands for any number of units, also none. */
export const ANY = null;

/** Stands for exactly one character. */
const ONE = "?";

export type ComponentMatcher = (component: string) => boolean;

/** Matches one component, as latin-1 text of its bytes, against a pattern in the same form. */
export function compileComponent(component: string): ComponentMatcher {
  if (isLiteral(component)) return (name) => name === component;
  const units = characters(component).map((unit) => (unit === "*" ? ANY : unit));
  return (name) => matchAll(units, characters(name), (unit, character) => unit === ONE || unit === character);
}

/** One UTF-8 character each, or one byte where the bytes are no UTF-8: what a person who writes `?` counts. */
const characters = (text: string): readonly string[] =>
  text.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[^]/g) ?? [];

/**
 * Whether the pattern takes up the whole of `units`. An earlier wildcard never needs another try: what lies between it
 * and the next one has already been found at its leftmost place.
 */
function matchAll<Part>(
  pattern: readonly (Part | null)[],
  units: readonly string[],
  fits: (part: Part, unit: string) => boolean,
): boolean {
  let next = 0;
  let at = 0;
  let wildcard: { readonly after: number; from: number } | null = null;
  for (let unit = units[at]; unit !== undefined; unit = units[at]) {
    const part = pattern[next];
    if (part === ANY) {
      next += 1;
      wildcard = { after: next, from: at };
    } else if (part !== undefined && fits(part, unit)) {
      next += 1;
      at += 1;
    } else if (wildcard !== null) {
      wildcard.from += 1;
      next = wildcard.after;
      at = wildcard.from;
    } else return false;
  }
  return pattern.slice(next).every((part) => part === ANY);
}

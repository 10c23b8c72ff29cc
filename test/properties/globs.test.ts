import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import picomatch from "picomatch";
import { itHolds } from "../support/fuzz.ts";
import { compileGlob } from "../../src/policy/globs.ts";

const component = fc.stringMatching(/^[ab.x\n*?+(){}[\]|@\\-]{1,4}$/).filter((text) => !/^\.{1,2}$|\*\*/.test(text));
const pattern = fc
  .array(fc.oneof({ weight: 3, arbitrary: component }, { weight: 1, arbitrary: fc.constant("**") }), {
    minLength: 1,
    maxLength: 5,
  })
  .map((parts) => parts.join("/"))
  .filter((text) => !text.startsWith("!"));
const name = fc
  .array(
    fc.stringMatching(/^[ab.x\n+(){}[\]|@\\\xff-]{1,4}$/).filter((text) => !/^\.{1,2}$/.test(text)),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => parts.join("/"));

/** The definition, word for word; exponential, for short names only. */
function matchesNaively(parts: readonly string[], names: readonly string[]): boolean {
  const [part, ...others] = parts;
  if (part === undefined) return names.length === 0;
  if (part === "**")
    return names.some((_, at) => matchesNaively(others, names.slice(at))) || matchesNaively(others, []);
  const [first, ...rest] = names;
  return first !== undefined && componentMatches(part, first) && matchesNaively(others, rest);
}

function componentMatches(part: string, text: string): boolean {
  if (part === "") return text === "";
  if (part.startsWith("*"))
    return Array.from({ length: text.length + 1 }).some((_, at) => componentMatches(part.slice(1), text.slice(at)));
  return text !== "" && (part[0] === "?" || part[0] === text[0]) && componentMatches(part.slice(1), text.slice(1));
}

/** What a name of these shapes looks like to a pattern: the pattern itself with its wildcards filled in. */
const related = fc
  .tuple(pattern, fc.array(fc.constantFrom("", "a", "b.x", "\n"), { minLength: 9, maxLength: 9 }))
  .map(([text, fill]) => {
    let at = 0;
    const filled = text
      .replace(/\*\*\/|\/\*\*|\*\*/g, (found) => found.replace("**", fill[at++ % 9] ?? ""))
      .replace(/[*?]/g, () => fill[at++ % 9] ?? "");
    return [
      text,
      filled
        .split("/")
        .filter((part) => part !== "" && !/^\.{1,2}$/.test(part))
        .join("/"),
    ] as const;
  });
const pairs = fc.oneof(fc.tuple(pattern, name), related).filter(([, text]) => text !== "");

describe("compileGlob", () => {
  itHolds(
    "agrees with the definition of its three wildcards",
    () =>
      fc.property(pairs, ([text, candidate]) => {
        expect(compileGlob(text).matches(candidate)).toBe(matchesNaively(text.split("/"), candidate.split("/")));
      }),
    { runs: 2000 },
  );
  itHolds(
    "matches whatever picomatch does when told to take everything else literally",
    () => {
      // The reverse does not hold: to picomatch `*/**` is not `*` and no more components. And of a backslash before a slash
      // it makes something else, whatever it is told.
      const literal = pairs.filter(([text]) => !text.includes("\\"));
      return fc.property(literal, ([text, candidate]) => {
        const escaped = text.replace(/[^*?/a-z0-9]/g, "\\$&");
        const regex = picomatch.makeRe(escaped, {
          dot: true,
          flags: "s",
          nobrace: true,
          noextglob: true,
        });
        if (regex.test(candidate)) expect(compileGlob(text).matches(candidate)).toBe(true);
      });
    },
    { runs: 2000 },
  );
});

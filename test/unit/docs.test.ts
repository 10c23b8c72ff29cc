import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

/** The members of a union of string literals, as they stand in the source. */
function union(source: string, name: string): readonly string[] {
  const body = new RegExp(`export type ${name} =([^;]*);`).exec(source)?.[1] ?? "";
  return [...body.matchAll(/"([a-z-]+)"/g)].flatMap(([, code]) => code ?? []);
}

// A code that a person meets in a refused push must be one he can look up; a heading without a code misleads.
describe("docs/codes.md", () => {
  it("explains every verdict code of the product once, and no other", () => {
    const model = read("src/model.ts");
    const codes = [...union(model, "EvidenceCode"), ...union(model, "VerdictCode")];
    const explained = [...read("docs/codes.md").matchAll(/^### `([a-z-]+)`$/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(30);
    expect([...explained].sort()).toEqual([...codes].sort());
  });
});

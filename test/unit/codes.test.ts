import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { CODE_ORDER } from "../../src/policy/order.ts";

describe("docs/codes.md", () => {
  const sections = readFileSync("docs/codes.md", "utf8")
    .split(/^### /m)
    .slice(1)
    .map((section) => ({ code: /^`([a-z-]+)`/.exec(section)?.[1] ?? "", section }));

  it("lists them in the order of findings", () => {
    expect(sections.map(({ code }) => code)).toEqual(CODE_ORDER);
  });

  it.each(sections)("says of $code what causes it and what mends it", ({ section }) => {
    expect(section).toMatch(/^Means: /m);
    expect(section).toMatch(/^Cause: /m);
    expect(section).toMatch(/^Mend: /m);
  });
});

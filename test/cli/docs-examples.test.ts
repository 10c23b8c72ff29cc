import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { itWith } from "../support/tools.ts";
import { isAsShown, playPage, readSteps } from "../support/transcript.ts";
import type { Played } from "../support/transcript.ts";

const pages = readdirSync("docs")
  .map((file) => `docs/${file}`)
  .filter((page) => page.endsWith(".md") && readSteps(readFileSync(page, "utf8")).length > 0);

/**
 * With UPDATE_DOCS=1 what was printed takes the place of what the page says; read the difference. A page is rewritten as a whole, but
 * for what it shortens: ids and keys are new in every run, and one page must not show two of the same thing.
 */
function rewrite(page: string, played: readonly Played[]): void {
  const shown = played.filter(({ hidden }) => !hidden);
  if (shown.every(({ expected, printed }) => isAsShown(expected, printed))) return;
  const lines = readFileSync(page, "utf8").split("\n");
  for (const { command, expected, printed, line } of [...shown].reverse()) {
    if (expected.includes("…") && isAsShown(expected, printed)) continue;
    lines.splice(line - 1 + command.split("\n").length, expected.length, ...printed);
  }
  writeFileSync(page, lines.join("\n"));
}

describe("what the documentation shows is what happens", () => {
  it("on several pages", () => {
    expect(pages.length).toBeGreaterThanOrEqual(5);
  });

  for (const page of pages) {
    itWith(["bash", "ssh-keygen", "gpg"], page, () => {
      const played = playPage(page);
      if (process.env["UPDATE_DOCS"] === "1") rewrite(page, played);
      else
        for (const { command, expected, printed, line, hidden } of played)
          if (!hidden && !isAsShown(expected, printed))
            expect({ page, line, command, printed }).toEqual({ page, line, command, printed: expected });
    });
  }

  it("tells a transcript that holds from one that does not", () => {
    const shown = ["error: 1234abcd unsigned", "…", "last"];
    expect(isAsShown(shown, ["error: fedc4321 unsigned", "a", "b", "last"])).toBe(true);
    expect(isAsShown(shown, ["error: fedc4321 unsigned", "a", "b"])).toBe(false);
    expect(isAsShown(shown, ["error: fedc4321 unknown-key", "last"])).toBe(false);
    expect(isAsShown([], ["anything"])).toBe(false);
  });
});

/**
 * Why: who is refused types what the hint says, and who reads a page types what it shows. A command or option that was renamed
 * lives on in both unless somebody looks: every `signpolicy COMMAND --option` in pages, messages and hooks must be one that there is.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Command } from "commander";
import { createProgram } from "../../src/cli/commands.ts";

const program = createProgram(() => undefined);
const under = (folder: string, ending: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file));

const FILES = [
  ...["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "action.yml", ".pre-commit-hooks.yaml"],
  ...under("docs", ".md"),
  ...under("src", ".ts"),
  ...readdirSync("hooks").map((file) => join("hooks", file)),
];

/** After the name, up to what ends a command in a shell, a sentence or a string. */
const TYPED = /(?<![\w./@-])signpolicy(?:\.cjs)? ((?:-C \S+ )?[a-z][a-z-]*(?: [^`"'\n#|;&<>()]*)?)/g;

const find = (at: Command, name: string): Command | undefined => at.commands.find((one) => one.name() === name);

/** The command that the words name, and those of them that follow it; null where they are prose. */
function commandOf(words: readonly string[]): { command: Command; rest: readonly string[] } | null {
  const [first = "", second = ""] = words;
  const command = find(program, first);
  if (command === undefined) return null;
  const below = find(command, second);
  return below === undefined ? { command, rest: words.slice(1) } : { command: below, rest: words.slice(2) };
}

function optionsOf(command: Command): ReadonlySet<string> {
  const all = [...command.options, ...(command.parent?.options ?? []), ...program.options];
  return new Set(
    [...all.flatMap(({ short, long }) => [short, long]), "-h", "--help"].filter((one) => one !== undefined),
  );
}

function wrongIn(
  file: string,
  text = readFileSync(file, "utf8"),
): { readonly checked: number; readonly wrong: readonly string[] } {
  let checked = 0;
  const wrong: string[] = [];
  for (const [, typed = ""] of text.matchAll(TYPED)) {
    const words = typed.replace(/^-C \S+ /, "").split(/\s+/);
    const found = commandOf(words);
    if (found === null) continue;
    checked += 1;
    const known = optionsOf(found.command);
    const options = found.rest.flatMap((word) => /^\[?(--?[a-z][a-z-]*)(?=[\]=,.]|$)/.exec(word)?.[1] ?? []);
    for (const option of options) if (!known.has(option)) wrong.push(`${file}: ${typed}`);
  }
  return { checked, wrong };
}

describe("commands that pages, messages and hooks name", () => {
  const results = FILES.map((file) => ({ file, ...wrongIn(file) }));

  it("are many", () => {
    expect(results.reduce((sum, { checked }) => sum + checked, 0)).toBeGreaterThan(200);
    expect(results.find(({ file }) => file === "README.md")?.checked).toBeGreaterThan(10);
  });

  it("have no option that there is not", () => {
    expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
    for (const text of [
      "`signpolicy verify --tag`",
      "git signpolicy keys add X --principle bob",
      "signpolicy doctor -f",
    ]) {
      expect(wrongIn("a page", text).wrong).toHaveLength(1);
    }
  });

  it("of several words name a command below", () => {
    const groups = program.commands.filter(({ commands }) => commands.length > 0).map((one) => one.name());
    const strange = FILES.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(TYPED)].flatMap(([, typed = ""]) => {
        const [first = "", second = ""] = typed.split(/\s+/);
        const group = groups.includes(first) ? find(program, first) : undefined;
        const isName = /^[a-z][a-z-]*$/.test(second);
        return group === undefined || !isName || find(group, second) !== undefined ? [] : [`${file}: ${typed}`];
      }),
    );
    // What an export of the record begins with.
    expect(strange.filter((text) => !text.endsWith(": record witness 1"))).toEqual([]);
  });
});

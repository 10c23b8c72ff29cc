import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseDocument } from "yaml";
import { createProgram } from "../../src/cli/commands.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { workflowErrors } from "../support/github-schemas.ts";

const PAGES = [
  ...["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"],
  ...readdirSync("docs").map((file) => `docs/${file}`),
];
const read = (page: string): string => readFileSync(page, "utf8");

const blocks = (page: string, language: string): readonly string[] =>
  [...read(page).matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].flatMap(([, text]) => text ?? []);

/** As forges make them from headings. */
const anchors = (page: string): readonly string[] =>
  [...read(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .trim()
      .replaceAll(" ", "-"),
  );

// What people copy from the documentation must work, and what it points at must be there.
describe("documentation", () => {
  const policies = ["README.md", "docs/policy.md"].flatMap((page) =>
    blocks(page, "yaml").map((text) => ({ page, text })),
  );

  it("shows policies", () => {
    expect(policies.length).toBeGreaterThanOrEqual(2);
  });

  it.each(policies)("shows a policy in $page that signpolicy takes", async ({ text }) => {
    expect((await parsePolicy(Buffer.from(text), ".signpolicy.yaml")).rules.length).toBeGreaterThan(0);
  });

  it.each(blocks("docs/ci.md", "yaml"))("shows jobs of CI that are YAML, and take the whole history: %#", (text) => {
    const document = parseDocument(text, { uniqueKeys: true });
    expect(document.errors).toEqual([]);
    expect(text).toMatch(/fetch-?depth: 0|GIT_DEPTH: "0"/i);
    expect(text).not.toMatch(/npx (?!--no-install )/);
  });

  it("shows workflows that GitHub's own schema takes", () => {
    const shown = PAGES.flatMap((page) => blocks(page, "yaml")).filter((text) => text.includes("actions/checkout"));
    const jobOf = (steps: string): string =>
      `on: push\njobs:\n  job:\n    runs-on: x\n${steps.replace(/^(?=.)/gm, "    ")}`;
    const workflows = shown.map((text) => (text.startsWith("steps:") ? jobOf(text) : text));
    expect(workflows.length).toBeGreaterThanOrEqual(2);
    for (const text of workflows) {
      expect(workflowErrors(text)).toEqual([]);
      expect(workflowErrors(text.replace("- uses:", "- use:"))).not.toEqual([]);
    }
  });

  it.each(PAGES)("%s links to what is there", (page) => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
    const dead = links.filter(([, path = "", anchor]) => {
      const target = path === "" ? page : join(dirname(page), path);
      return !existsSync(target) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
    expect(dead.map(([link]) => link)).toEqual([]);
  });

  it("names every command in the README", () => {
    const names = createProgram(() => undefined).commands.map((command) => command.name());
    const table = read("README.md").split("## Commands")[1] ?? "";
    expect(names.filter((name) => !new RegExp("`(?:signpolicy )?" + name + "\\b").test(table))).toEqual([]);
  });

  it("shows each row of the threat model by tests", () => {
    const [, model = ""] = read("SECURITY.md").split("## Threat model");
    const rows =
      model
        .split("\n## ")[0]
        ?.split("\n")
        .filter((line) => line.startsWith("| ")) ?? [];
    expect(rows.length).toBeGreaterThan(10);
    expect(
      rows.slice(2).filter((row) => !/\]\(test\/[^)]+\.test\.ts\) *\|$|\]\(test\/.*\.test\.ts\)/.test(row)),
    ).toEqual([]);
  });

  it("shows a JSON report in the design", () => {
    const [report = ""] = blocks("docs/design.md", "json");
    expect(JSON.parse(report)).toMatchObject({ schemaVersion: 1, summary: { checked: 3 } });
  });
});

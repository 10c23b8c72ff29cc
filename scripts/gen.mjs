// Writes what is made from the source: the policy's JSON Schema and its reference from the zod schema, the manual page from the
// commands, the list of messages from all that is said, the pushes that an installation rehearses. With --check it only compares,
// so that no change of any can land without the files that people and editors read.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { renderManPage } from "./man-page.mjs";
import { renderMessages } from "./messages.mjs";
import { renderPolicyReference } from "./policy-reference.mjs";
import { renderRehearsal } from "./rehearsal.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");
const { version } = JSON.parse(read("package.json"));

/** Node 20 does not read TypeScript: the module goes through the bundler first. */
async function importSource(path) {
  const folder = mkdtempSync(join(root, "node_modules", ".signpolicy-gen-"));
  try {
    const bundle = await rolldown({
      input: join(root, path),
      platform: "node",
      external: ["openpgp"],
      transform: { define: { SIGNPOLICY_VERSION: JSON.stringify(version) } },
      checks: { ineffectiveDynamicImport: false },
      logLevel: "warn",
    });
    await bundle.write({ dir: folder, entryFileNames: "module.mjs", format: "esm" });
    await bundle.close();
    return await import(pathToFileURL(join(folder, "module.mjs")).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of the newest release in the changelog that has a day; before the first it is the day on which the page was begun. */
function manDate() {
  const [, day = "2026-11-26"] = /^## \S+ \((\d{4}-\d\d-\d\d)\)$/m.exec(read("CHANGELOG.md")) ?? [];
  const written = new Date(`${day}T00:00:00Z`);
  return written.toLocaleDateString("en-US", { year: "numeric", month: "long", day: "numeric", timeZone: "UTC" });
}

function exitCodes() {
  const [, table = ""] = read("docs/design.md").split("## Exit codes");
  return [...table.split("\n## ")[0].matchAll(/^\| (\d+) +\| (.*?) +\|$/gm)].map(([, code, meaning]) => [
    code,
    meaning.replaceAll("`", ""),
  ]);
}

const { policyJsonSchema } = await importSource("src/policy/json-schema.ts");
const { createProgram } = await importSource("src/cli/commands.ts");
const { CODE_TITLES } = await importSource("src/report/code-titles.ts");
const { EXAMPLES } = await importSource("src/cli/examples.ts");

/** Each verdict code's one line, as SARIF has it, before its cause and what mends it. */
const withMeanings = (page) =>
  page.replace(/^(### `([a-z-]+)`\n\n)(?:Means: .*\n)?(?=Cause: )/gm, (_, heading, code) => {
    if (CODE_TITLES[code] === undefined) throw new Error(`docs/codes.md tells of ${code}, which is no code`);
    return `${heading}Means: ${CODE_TITLES[code]}.\n`;
  });

const MADE = {
  "config/rehearsal/pushes.json": renderRehearsal(),
  "config/signpolicy.schema.json": `${JSON.stringify(policyJsonSchema(), null, 2)}\n`,
  "docs/codes.md": withMeanings(read("docs/codes.md")),
  "docs/messages.md": renderMessages(),
  "docs/policy-reference.md": renderPolicyReference(policyJsonSchema()),
  "man/signpolicy.1": renderManPage({
    program: createProgram(() => undefined),
    examples: EXAMPLES,
    exitCodes: exitCodes(),
    version,
    date: manDate(),
  }),
  // `git signpolicy --help` asks man(1) for this page.
  "man/git-signpolicy.1": ".so man1/signpolicy.1\n",
};

function present(path) {
  try {
    return read(path);
  } catch {
    return null;
  }
}

for (const [path, text] of Object.entries(MADE)) {
  if (!process.argv.includes("--check")) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  } else if (present(path) !== text) {
    console.error(`${path} is not what the source makes: npm run gen`);
    process.exitCode = 1;
  }
}

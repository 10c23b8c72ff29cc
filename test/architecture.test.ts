/**
 * Why: verdicts are only as good as the purity of what makes them. A verifier that reads a clock, a file or the
 * environment gives two answers for one object; a folder that reaches back into another turns the pipeline into a knot.
 * This test reads every import of src/ and holds the table of docs/design.md, "The pipeline is the folder tree".
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import ts from "typescript";

const src = fileURLToPath(new URL("../src/", import.meta.url));

/** What each folder may import of src/, itself aside. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  errors: ["model"],
  encoding: ["errors", "model"],
  subject: ["encoding", "model", "errors"],
  signature: ["encoding", "model", "errors"],
  policy: ["encoding", "model", "errors"],
  report: ["encoding", "model"],
  io: ["encoding", "model", "errors"],
  check: ["subject", "signature", "policy", "report", "io", "encoding", "model", "errors"],
  cli: ["check", "report", "io", "encoding", "model", "errors"],
};

/** Folders in which nothing may see a clock, a file, the environment or another process. */
const PURE = ["encoding", "subject", "signature", "policy", "report"];
const PURE_BUILTINS = ["node:buffer", "node:crypto"];
const IMPURE = new Set([
  "process",
  "performance",
  "console",
  "fetch",
  "setTimeout",
  "setInterval",
  "globalThis",
  "Date.now",
  "Math.random",
  "new Date()",
  "Date()",
]);

/** What starts programs outside io, and why it may. */
const STARTERS: readonly string[] = [
  // Hands the hook's own terminal and input to the hook that stood there before us.
  "cli/next-hook.ts",
];

/** A hook that needs none of these must not pay for loading them; they come by `import()`. */
const HEAVY = ["openpgp", "commander", "cosmiconfig", "simple-git", "yaml", "zod", "zod/mini", "@clack/prompts"];

/** Data beside the sources that the bundle takes in. */
const DATA = /^\.\.\/config\/(?:presets|forges|rehearsal)\/[a-z]+\.json$/;

interface Import {
  readonly from: string;
  readonly isTypeOnly: boolean;
  readonly isDynamic: boolean;
}

interface Source {
  /** `subject/commit.ts`. */
  readonly file: string;
  /** `subject`; for a file of src/ itself its name, `model`. */
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

function readImports(text: string): readonly Import[] {
  const found: Import[] = [];
  const add = (node: ts.Expression | undefined, isTypeOnly: boolean, isDynamic: boolean): void => {
    if (node !== undefined) found.push({ from: ts.isStringLiteralLike(node) ? node.text : "", isTypeOnly, isDynamic });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword, false);
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly, false);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false, true);
    else if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "require")
      add(node.arguments[0], false, false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true, false);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile("x.ts", text, ts.ScriptTarget.ESNext));
  return found;
}

/** The names in the code of `IMPURE` things; strings and comments may hold them. */
function readImpurities(text: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node)) {
      found.push(`${node.expression.getText(file)}.${node.name.text}`);
      visit(node.expression);
      return;
    }
    if (ts.isPropertyAssignment(node)) {
      visit(node.initializer);
      return;
    }
    if (ts.isNewExpression(node) && !node.arguments?.length) found.push(`new ${node.expression.getText(file)}()`);
    if (ts.isCallExpression(node) && node.arguments.length === 0) found.push(`${node.expression.getText(file)}()`);
    if (ts.isIdentifier(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  const file = ts.createSourceFile("x.ts", text, ts.ScriptTarget.ESNext, true);
  visit(file);
  return [...new Set(found)].filter((name) => IMPURE.has(name));
}

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((path) => {
    const file = path.split(sep).join("/");
    const text = readFileSync(join(src, path), "utf8");
    return { file, folder: file.split("/")[0]?.replace(/\.ts$/, "") ?? "", text, imports: readImports(text) };
  });

const target = (source: Source, specifier: string): string => posix.join(posix.dirname(source.file), specifier);
const folderOf = (file: string): string => file.split("/")[0]?.replace(/\.ts$/, "") ?? "";

describe("architecture", () => {
  it("sees every folder of src, and the table names no other", () => {
    expect([...new Set(sources.map(({ folder }) => folder))].sort()).toEqual(Object.keys(MAY_IMPORT).sort());
  });

  it.each(Object.entries(MAY_IMPORT))("%s imports only %j", (folder, allowed) => {
    const broken = sources
      .filter((source) => source.folder === folder)
      .flatMap((source) =>
        source.imports
          .filter(({ from }) => from.startsWith("."))
          .map(({ from }) => ({ source, to: target(source, from) }))
          .filter(({ to }) => folderOf(to) !== folder && !allowed.includes(folderOf(to)) && !DATA.test(to))
          .map(({ to }) => `${source.file} imports ${to}`),
      );
    expect(broken).toEqual([]);
  });

  it("encoding needs of the model its types alone", () => {
    const values = sources
      .filter(({ folder }) => folder === "encoding")
      .flatMap((source) => source.imports.filter(({ from, isTypeOnly }) => from === "../model.ts" && !isTypeOnly));
    expect(values).toEqual([]);
  });

  it("every import of a file of ours names one that exists, with its extension", () => {
    const files = new Set(sources.map(({ file }) => file));
    const broken = sources.flatMap((source) =>
      source.imports
        .filter(({ from }) => from.startsWith(".") && !from.endsWith(".json") && !files.has(target(source, from)))
        .map(({ from }) => `${source.file}: ${from}`),
    );
    expect(broken).toEqual([]);
  });

  it("no import() computes what it loads", () => {
    expect(sources.filter(({ imports }) => imports.some(({ from }) => from === "")).map(({ file }) => file)).toEqual(
      [],
    );
  });

  it.each(PURE)("%s sees no clock, no file, no environment and no other process", (folder) => {
    const broken = sources
      .filter((source) => source.folder === folder)
      .flatMap((source) => {
        const builtins = source.imports.filter(({ from }) => from.startsWith("node:") && !PURE_BUILTINS.includes(from));
        return [...builtins.map(({ from }) => from), ...readImpurities(source.text)].map(
          (what) => `${source.file}: ${what}`,
        );
      });
    expect(broken).toEqual([]);
  });

  it("only io starts programs, but for what is listed", () => {
    const starters = sources.filter(({ imports }) => imports.some(({ from }) => from === "node:child_process"));
    const others = starters.filter(({ folder, file }) => folder !== "io" && !STARTERS.includes(file));
    expect(others.map(({ file }) => file)).toEqual([]);
  });

  it("what every hook loads at its start holds no heavy package", () => {
    const byFile = new Map(sources.map((source) => [source.file, source]));
    const seen = new Set<string>();
    const heavy: string[] = [];
    const visit = (file: string): void => {
      const source = byFile.get(file);
      if (source === undefined || seen.has(file)) return;
      seen.add(file);
      for (const { from, isTypeOnly, isDynamic } of source.imports) {
        if (isTypeOnly || isDynamic) continue;
        if (from.startsWith(".")) visit(target(source, from));
        else if (HEAVY.includes(from)) heavy.push(`${file}: ${from}`);
      }
    };
    visit("cli/main.ts");
    expect(seen.size).toBeGreaterThan(0);
    expect(heavy).toEqual([]);
  });

  it("nothing that is exported changes: hooks take values, not bindings (scripts/build.mjs)", () => {
    const changing = sources.filter(({ text }) => /^export (?:let|var) /m.test(text)).map(({ file }) => file);
    expect(changing).toEqual([]);
    expect(/^export (?:let|var) /m.test("import a;\nexport let b = 1;")).toBe(true);
  });

  it("no file has two ideas in it, and none is a drawer", () => {
    const long = sources.filter(({ text }) => text.split("\n").length > 400).map(({ file }) => file);
    const drawers = sources.filter(({ file }) =>
      /(?:^|\/)(?:utils?|helpers?|common|managers?|services?)(?:\.ts$|\/)/.test(file),
    );
    expect(long).toEqual([]);
    expect(drawers.map(({ file }) => file)).toEqual([]);
    expect(sources.filter(({ file }) => file.split("/").length > 4).map(({ file }) => file)).toEqual([]);
  });
});

describe("the reader of imports", () => {
  it("sees each way to import, and no prose", () => {
    const text = `
      // import "comment.ts"
      import type { A } from "a"; import b from "b"; export * from "c"; import "d";
      const e = await import("e"); const f = require("f"); type G = import("g").G; const h = await import(name);
      const text = 'import "string"; process.env';`;
    expect(readImports(text).map(({ from }) => from)).toEqual(["a", "b", "c", "d", "e", "f", "g", ""]);
  });
  it("sees what is impure, and no prose", () => {
    expect(
      readImpurities(
        "const a = { process: 1, b: x.process }; // process.env\nf('Date.now()', `${a} process`, /process/)",
      ),
    ).toEqual([]);
    expect(readImpurities("f(process.env, Date.now(), new Date(), new Date(1), `${performance.now()}`)")).toEqual([
      "process",
      "Date.now",
      "new Date()",
      "performance",
    ]);
  });
  it("is run on this project's own sources", () => {
    expect(relative(dirname(fileURLToPath(import.meta.url)), src)).toBe(join("..", "src"));
    expect(sources.length).toBeGreaterThan(20);
  });
});

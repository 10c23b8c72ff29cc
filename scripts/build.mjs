// Bundles src/ into dist/: one small entry that every hook starts, and a chunk for each thing a hook need not load.
// CommonJS, because Node 20 starts it several milliseconds sooner than a module. `openpgp` (LGPL) is never bundled.
import childProcess from "node:child_process";
import { promises, readdirSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import v8 from "node:v8";
import { renderNotices } from "./third-party.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = join(root, "dist", "signpolicy.cjs");

/**
 * What of cosmiconfig is never asked for when it reads a policy (src/io/policy-file.ts): its own loaders, its asynchronous
 * twin and the search of home folders. Left out, no file of code can be loaded through it even by mistake, and a hook
 * reads a fifth of what it would have to. When it is constructed it looks for its own settings in the package.json beside
 * our bundle: that much JSON it gets.
 */
const never = (what) => `() => { throw new Error("${what} is not part of signpolicy"); }`;
const LEFT_OUT = new Map([
  [
    "./loaders",
    ["loadJs", "loadJsSync", "loadTs", "loadTsSync", "loadYaml"]
      .map((name) => `exports.${name} = ${never(name)};`)
      .join("") + "exports.loadJson = (path, text) => JSON.parse(text);",
  ],
  ["./Explorer.js", `exports.Explorer = ${never("Explorer")};`],
  ["env-paths", `module.exports = ${never("env-paths")};`],
  ["fs/promises", "module.exports = {};"],
]);
const leaveOut = {
  name: "leave-out",
  resolveId: (id, importer) =>
    LEFT_OUT.has(id) && /[\\/]node_modules[\\/]cosmiconfig[\\/]/.test(importer ?? "") ? `\0left-out:${id}` : null,
  load: (id) => (id.startsWith("\0left-out:") ? { code: LEFT_OUT.get(id.slice(10)), moduleType: "js" } : null),
};

/**
 * Modules of node's that a hook most often has no use for, and that take it milliseconds to load. Asked for in this way node
 * loads them when one of their functions is first called; only our own files ask so.
 */
const LATE = new Map([
  ["node:fs/promises", { functions: promises, head: 'import { promises as late } from "node:fs";', late: "late" }],
  ["node:v8", { functions: v8, head: "", late: 'process.getBuiltinModule("node:v8")' }],
  ["node:child_process", { functions: childProcess, head: "", late: 'process.getBuiltinModule("node:child_process")' }],
]);
const lateId = (name) => `\0late:${name}`;
const loadLate = {
  name: "load-late",
  resolveId: (id, importer) =>
    LATE.has(id) && /[\\/]src[\\/](?!.*node_modules)/.test(importer ?? "") ? lateId(id) : null,
  load: (id) => {
    const { functions, head, late } = LATE.get(id.replace("\0late:", "")) ?? {};
    if (functions === undefined) return null;
    const names = Object.keys(functions).filter((name) => /^[a-z]/.test(name) && typeof functions[name] === "function");
    const code = names.map((name) => `export const ${name} = (...given) => ${late}.${name}(...given);`).join("\n");
    return { code: `${head}\n${code}`, moduleType: "js" };
  },
};

/**
 * What a hook loads, in few files: finding a file takes node about as long as compiling 4 KB of it, and what a hook need not
 * run it should not compile. Modules that stand in no group are split by rolldown; a module is in the first that names it.
 */
const GROUPS = {
  main: [
    "errors",
    "cli/(failure|hook|main|messages|own-program|streams|tally)",
    "check/(early-listing|open-history|sink)",
    "encoding/(bytes|identifiers|ssh-wire|text|time)",
    "io/(answer-lines|clock|coding-agent|config|environment|file-status|git|git-dir|git-program|input|objects|programs|reading|ref-watch)",
    "io/(commit-texts|packed-refs|refs|repository|revisions|trusted-file)",
    "policy/(places|summary)",
    "report/(causes|folding|hook|show)",
  ],
  // What the hooks of a commit ask, and no push.
  commit: [
    "check/(readiness|readiness-memo|reachable-key|secret-keys|signing-key)",
    "io/(commit-context|commit-memory|preflight-memo)",
  ],
  // What checks a policy is not needed where the last one is known (src/io/kept-answer.ts).
  policy: [
    "policy/(check-.*|checks|document-json|duplicates|fields|issues|key-schema|parse|presets|read-document|schema|suggest)",
  ],
  judging: [
    "check/(commit-facts|deadline|object-problem|examiner|file-policy|frontier-horizon|key-select|governing|judge-commit|judge-walked|layered-map|look-alikes|mending|merged-entry|missing|missing-problem|next-policy|open-exemptions|outlines)",
    "check/(parting|pending|policy|policy-changes|policy-issues|policy-states|raw-verifier)",
    "check/(policy-source|pre-push|push|push-denial|push-input|push-plan|range|receive|record|record-(?:chain|entries|index|indexed|state)|remember-git|report-head)",
    "check/(session|shared-walk|straight-line|succession|tags|tip-set|tips|tracking|tree-policy|trees|trust-root|walk|witness)",
    "encoding/.*",
    "io/(dangling-refs|git-memory|kept-answer|loose-objects|pending-file|plain-files|policy-file|reading-alone|record-file|record-index-file|safety|write-problem)",
    "policy/(?!certificate-copies|chain|document-yaml|edit-|json-schema|path-words|policy-diff|diff-|rights).*",
    "signature/(anchors|raw|verify)",
    "signature/openpgp/(algorithms|anchors|certificate|key|merge|moments|packets|signature|subpackets)",
    "signature/ssh/(algorithms|anchors|key|numbers)",
    "subject/(?!approval|dsse|key-proof).*",
  ],
  changes: [
    "check/(compared-certificate|compared-policy|key-proof|policy-edits)",
    "policy/(certificate-copies|policy-diff|diff-.*|rights)",
    "subject/key-proof",
  ],
  openpgp: ["signature/times", "signature/openpgp/(?!library|keyring).*"],
  readiness: ["check/(expected-evidence|judge-readiness|private-half)"],
};
const SHARED = /^\/config\/presets\/|\/node_modules\/zod\/v4\/(?!.*json-schema)/;
const groups = Object.entries(GROUPS).map(([name, modules]) => {
  const own = new RegExp(`^/src/(?:${modules.join("|")})\\.ts$`);
  return {
    name,
    test: (id) => {
      const path = id.replaceAll("\\", "/").replace(root.replaceAll("\\", "/").replace(/\/$/, ""), "");
      return (
        own.test(path) || (name === "policy" && SHARED.test(path)) || (name === "main" && id.startsWith(lateId("")))
      );
    },
  };
});

/** A text of one-byte characters is read in half the time, and takes half the room: one letter decides. */
const escaped = (text) =>
  text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

/** Files that hooks load and that hold nothing but our own modules. */
const OURS_ALONE = new Set(["main", "commit", "judging", "openpgp"]);

/**
 * What they give is given as values: nothing in `src/` is exported that changes (test/architecture.test.ts), and no file is
 * asked for anything before it is loaded. Hundreds of getters take a hook longer to make than a commit to judge.
 */
const GETTER =
  /Object\.defineProperty\(exports,(?:"([\w$]+)"|`([\w$]+)`),\{enumerable:!0,get:function\(\)\{return ([\w$.]+)\}\}\)/g;
const plainExports = (code) => code.replace(GETTER, (_, name, other, value) => `exports.${name ?? other}=${value}`);

/** The few lines that every file shares: another file takes longer to find than to read. */
function withRuntime(code, runtime) {
  if (runtime === undefined) return code;
  const own = `(()=>{const exports={};${plainExports(runtime.code).trimEnd()}return exports})()`;
  return code.replaceAll(`require("./${runtime.fileName}")`, () => own);
}

/** A file that is still being loaded has nothing to give to one that it loads. */
function refuseCycles(chunks) {
  const imports = new Map(chunks.map((chunk) => [chunk.fileName, chunk.imports]));
  const follow = (file, path) => {
    if (path.includes(file)) throw new Error(`files of the bundle load each other: ${[...path, file].join(", ")}`);
    for (const next of imports.get(file) ?? []) follow(next, [...path, file]);
  };
  for (const file of imports.keys()) follow(file, []);
}

const newest = (dir) =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile())
    .reduce((time, file) => Math.max(time, statSync(join(file.parentPath, file.name)).mtimeMs), 0);

function isStale() {
  try {
    const inputs = ["package.json", "package-lock.json", "scripts/build.mjs", "scripts/third-party.mjs"].map(
      (file) => statSync(join(root, file)).mtimeMs,
    );
    return Math.max(newest(join(root, "src")), ...inputs) > statSync(entry).mtimeMs;
  } catch {
    return true;
  }
}

if (!process.argv.includes("--if-stale") || isStale()) {
  const { build } = await import("rolldown");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const bundle = (input, { define, output }) =>
    build({
      input,
      platform: "node",
      external: ["openpgp"],
      // The package's node build is CommonJS, of which everything would be bundled; its module build does the same here.
      resolve: { alias: { yaml: join(root, "node_modules/yaml/browser/index.js") } },
      plugins: [leaveOut, loadLate],
      transform: { define },
      preserveEntrySignatures: "allow-extension",
      // Much is imported where it is first needed and loaded with the rest of its chunk all the same.
      checks: { ineffectiveDynamicImport: false },
      logLevel: "warn",
      output: {
        dir: join(root, "dist"),
        format: "cjs",
        minify: { compress: true, mangle: { toplevel: false } },
        ...output,
      },
    });
  const { output } = await bundle(join(root, "src/cli/main.ts"), {
    define: { SIGNPOLICY_VERSION: JSON.stringify(version) },
    output: {
      // Compiled code is told by the names of the files it was made of (src/io/compiled-code.ts).
      entryFileNames: "[name]-[hash].cjs",
      chunkFileNames: "[name]-[hash].cjs",
      codeSplitting: { includeDependenciesRecursively: false, groups },
    },
  });
  const runtime = output.find(({ fileName }) => fileName.startsWith("rolldown-runtime-"));
  for (const { fileName, code, name } of output) {
    if (code === undefined) continue;
    const text = escaped(code);
    writeFileSync(join(root, "dist", fileName), OURS_ALONE.has(name) ? withRuntime(plainExports(text), runtime) : text);
  }
  refuseCycles(output.filter(({ type }) => type === "chunk"));
  const main = output.find((chunk) => chunk.isEntry);
  const known = {
    SIGNPOLICY_VERSION: JSON.stringify(version),
    SIGNPOLICY_AGAIN: JSON.stringify("./again.cjs"),
    SIGNPOLICY_KEPT_CODE: JSON.stringify("./kept-code.cjs"),
  };
  await bundle(join(root, "src/cli/again.ts"), { define: known, output: { entryFileNames: "again.cjs" } });
  await bundle(join(root, "src/cli/kept-code.ts"), { define: known, output: { entryFileNames: "kept-code.cjs" } });
  // A bundle of its own: it must load nothing before it knows how.
  await bundle(join(root, "src/cli/start.ts"), {
    define: { ...known, SIGNPOLICY_MAIN: JSON.stringify(`./${main.fileName}`) },
    output: { entryFileNames: "signpolicy.cjs", banner: "#!/usr/bin/env node" },
  });
  // The same, for an installation that asks what a hook runs.
  await bundle(join(root, "src/cli/rehearse.ts"), {
    define: { ...known, SIGNPOLICY_MAIN: JSON.stringify(`./${main.fileName}`) },
    output: { entryFileNames: "rehearse.cjs" },
  });
  // A thread that verifies signatures holds nothing else.
  await bundle(join(root, "src/check/raw-thread.ts"), { define: {}, output: { entryFileNames: "raw-thread.cjs" } });
  chmodSync(entry, 0o755);
  const modules = output.flatMap((chunk) => chunk.moduleIds ?? []);
  writeFileSync(join(root, "dist", "THIRD-PARTY.txt"), renderNotices(modules));
  writeFileSync(join(root, "dist", "package.json"), '{ "type": "commonjs" }\n');
}

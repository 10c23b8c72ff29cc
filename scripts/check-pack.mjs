// Guards what `npm pack` would publish. The regressions it exists to catch: sources, tests or keys in the package; a
// shim, the schema or a licence missing from it; `openpgp` (LGPL) pasted into the bundle; a bundle that asks for a package
// which is only there while developing; a start-up file that grew, since every commit and push waits for it.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const MAY_HOLD = [
  /^dist\/[\w.-]+\.cjs$/,
  /^dist\/(package\.json|THIRD-PARTY\.txt)$/,
  /^hooks\/[\w-]+$/,
  /^config\/[\w./-]+\.(json|yaml)$/,
  /^docs\/[\w-]+\.md$/,
  /^man\/(git-)?signpolicy\.1$/,
  /^(README|CHANGELOG|SECURITY)\.md$/,
  /^(LICENSE|package\.json|sbom\.cdx\.json|\.signpolicy\.example\.json)$/,
];
const MUST_HOLD = [
  "dist/signpolicy.cjs",
  "dist/THIRD-PARTY.txt",
  "hooks/client",
  "hooks/server",
  "config/signpolicy.schema.json",
  "docs/codes.md",
  "docs/design.md",
  "docs/policy.md",
  "docs/policy-reference.md",
  "man/signpolicy.1",
  "man/git-signpolicy.1",
  ".signpolicy.example.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "SECURITY.md",
  "sbom.cdx.json",
];
const MOST_BYTES = 1_950_000;
const MOST_ENTRY_BYTES = 24_000;

const [packed] = JSON.parse(
  execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], { cwd: root, encoding: "utf8" }),
);
const files = packed.files.map(({ path }) => path);
const problems = [...contents(), ...sizes(), ...requires(), ...exportsOf(), ...starts()];
for (const problem of problems) process.stderr.write(`check-pack: ${problem}\n`);
if (problems.length === 0) {
  process.stdout.write(`check-pack: ${files.length} files, ${packed.unpackedSize} bytes, ${packed.size} packed\n`);
}
process.exitCode = problems.length === 0 ? 0 : 1;

function contents() {
  return [
    ...files.filter((file) => !MAY_HOLD.some((form) => form.test(file))).map((file) => `${file} does not belong there`),
    ...MUST_HOLD.filter((file) => !files.includes(file)).map((file) => `${file} is missing`),
  ];
}

function sizes() {
  const entry = statSync(join(root, "dist", "signpolicy.cjs")).size;
  return [
    ...(packed.unpackedSize > MOST_BYTES ? [`${packed.unpackedSize} bytes in all, at most ${MOST_BYTES}`] : []),
    ...(entry > MOST_ENTRY_BYTES ? [`dist/signpolicy.cjs has ${entry} bytes, at most ${MOST_ENTRY_BYTES}`] : []),
  ];
}

/** What the bundle loads is in node, beside it, or a dependency that npm installs with it. */
function requires() {
  // `husky` stands in the text of the prepare script: the project's own.
  const allowed = new Set([...Object.keys(manifest.dependencies), "husky"]);
  return files
    .filter((file) => file.endsWith(".cjs"))
    .flatMap((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const asked = [...text.matchAll(/\b(?:require|import)\(\s*["'`]([^"'`]+)["'`]\s*\)/g)].map(([, name]) => name);
      return [
        ...asked
          .filter((name) => !name.startsWith("./") && !isBuiltin(name) && !allowed.has(name))
          .map((name) => `${file} asks for ${name}, which is no dependency`),
        ...(/OpenPGP\.js v\d/.test(text) ? [`${file} holds a copy of openpgp`] : []),
      ];
    });
}

/** Every file that `bin` and `exports` name is packed, and nothing else can be imported. */
function exportsOf() {
  const named = [...Object.values(manifest.bin), ...Object.values(manifest.exports ?? {})].map((path) =>
    path.replace(/^\.\//, ""),
  );
  return [
    ...(manifest.exports === undefined ? ["package.json has no exports: every file could be imported"] : []),
    ...named.filter((path) => !path.includes("*") && !files.includes(path)).map((path) => `${path} is not packed`),
  ];
}

function starts() {
  const entry = join(root, "dist", "signpolicy.cjs");
  if (!existsSync(entry)) return ["dist/signpolicy.cjs is not built"];
  const said = execFileSync(process.execPath, [entry, "--version"], { encoding: "utf8" }).trim();
  return said === manifest.version ? [] : [`--version says ${said}, package.json ${manifest.version}`];
}

// Builds executable/signpolicy: this node with the whole program in it, for servers that have none (docs/servers.md).
// Node's own recipe for single executable applications: a blob of the bundle's files, put into a copy of node.
//
//   npm run build:executable -- [--openpgp FILE] [--out FOLDER] [--if-stale]
//
// `openpgp` is LGPL: it lies in the executable as the package's own CommonJS build, loaded by nothing but its exports, and
// --openpgp puts another build of it there.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const { values } = parseArgs({
  options: { openpgp: { type: "string" }, out: { type: "string" }, "if-stale": { type: "boolean" } },
});
const target = values.out === undefined ? join(root, "executable") : resolve(values.out);
const openpgp = values.openpgp === undefined ? ownOpenpgp() : resolve(values.openpgp);

execFileSync(process.execPath, [join(root, "scripts", "build.mjs"), "--if-stale"], { stdio: "inherit" });
const stamp = stampOf([
  ...readdirSync(dist).map((name) => join(dist, name)),
  ...[
    "hooks/client",
    "hooks/server",
    "LICENSE",
    "src/cli/executable.ts",
    "src/io/compiled-code.ts",
    "src/io/compile-code.ts",
    "src/io/executable.ts",
  ].map((name) => join(root, name)),
  openpgp,
  fileURLToPath(import.meta.url),
]);
if (!values["if-stale"] || readIfAny(join(target, "stamp")) !== stamp) await build();

async function build() {
  if (process.config.variables.node_shared) {
    throw new Error(`${process.execPath} is not all of node: build with one from https://nodejs.org`);
  }
  const { build: bundle } = await import("rolldown");
  const { inject } = await import("postject");
  mkdirSync(target, { recursive: true });
  // In the same folder, since what is done is moved to its place as a whole.
  const work = mkdtempSync(join(target, ".build-"));
  const at = (name) => join(work, name);
  try {
    const main = `./${readdirSync(dist).find((name) => /^main-.*\.cjs$/.test(name))}`;
    const options = {
      platform: "node",
      logLevel: "warn",
      transform: { define: { SIGNPOLICY_MAIN: JSON.stringify(main) } },
    };
    await bundle({
      ...options,
      input: join(root, "src/cli/executable.ts"),
      output: { file: at("start.cjs"), format: "cjs" },
    });
    await bundle({
      ...options,
      input: join(root, "src/io/compile-code.ts"),
      output: { file: at("compile.mjs"), format: "esm" },
    });
    const { compileCode } = await import(pathToFileURL(at("compile.mjs")).href);
    writeFileSync(at("compiled-code"), compileCode(dist));
    writeFileSync(at("THIRD-PARTY.txt"), notices());
    const files = readdirSync(dist).filter((name) => name.endsWith(".cjs") && name !== "signpolicy.cjs");
    writeFileSync(
      at("config.json"),
      JSON.stringify({
        main: at("start.cjs"),
        output: at("blob"),
        disableExperimentalSEAWarning: true,
        assets: {
          ...Object.fromEntries(files.map((name) => [name, join(dist, name)])),
          "openpgp.cjs": openpgp,
          "compiled-code": at("compiled-code"),
          "hooks/client": join(root, "hooks/client"),
          "hooks/server": join(root, "hooks/server"),
          LICENSE: join(root, "LICENSE"),
          "THIRD-PARTY.txt": at("THIRD-PARTY.txt"),
        },
      }),
    );
    execFileSync(process.execPath, ["--experimental-sea-config", at("config.json")], {
      stdio: ["ignore", "ignore", "inherit"],
    });
    copyFileSync(process.execPath, at("signpolicy"));
    chmodSync(at("signpolicy"), 0o755);
    const isMac = process.platform === "darwin";
    // An Apple machine runs nothing whose signature does not fit, and every change breaks it.
    if (isMac) execFileSync("codesign", ["--remove-signature", at("signpolicy")]);
    await quietly(() =>
      inject(at("signpolicy"), "NODE_SEA_BLOB", readFileSync(at("blob")), {
        sentinelFuse: "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2",
        ...(isMac ? { machoSegmentName: "NODE_SEA" } : {}),
      }),
    );
    if (isMac) execFileSync("codesign", ["--sign", "-", at("signpolicy")]);
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    const said = execFileSync(at("signpolicy"), ["--version"], { encoding: "utf8", env: {} }).trim();
    if (said !== version) throw new Error(`the executable says ${said}, package.json ${version}`);
    copyFileSync(join(root, "LICENSE"), join(target, "LICENSE"));
    for (const name of ["THIRD-PARTY.txt", "signpolicy"]) renameSync(at(name), join(target, name));
    writeFileSync(join(target, "stamp"), stamp);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function ownOpenpgp() {
  const main = createRequire(join(root, "package.json")).resolve("openpgp");
  return join(dirname(main), "openpgp.min.cjs");
}

function stampOf(files) {
  const hash = createHash("sha256").update(`${process.version} ${process.arch} ${process.execPath}\n`);
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return `${hash.digest("hex")}\n`;
}

/** The bundle's notices, then those of what is only in the executable. */
function notices() {
  const folder = join(dirname(openpgp), "..", "..");
  const rule = "=".repeat(80);
  const part = (title, text) => `${rule}\n${title}\n\n${text.trim()}\n`;
  return [
    readFileSync(join(dist, "THIRD-PARTY.txt"), "utf8"),
    part(
      "OpenPGP.js (LGPL-3.0-or-later), as its own file openpgp.cjs",
      "It may be replaced: in a checkout of signpolicy, `npm ci && npm run build:executable -- --openpgp FILE` builds this\n" +
        `same program with another build of the package.\n\n${readIfAny(join(folder, "LICENSE")) ?? "GNU LGPL 3.0"}`,
    ),
    part(`Node.js ${process.version}`, nodeLicence()),
  ].join("\n");
}

function nodeLicence() {
  const prefix = join(dirname(process.execPath), "..");
  const found = ["LICENSE", "share/doc/node/LICENSE", "share/doc/nodejs/LICENSE"].map((name) =>
    readIfAny(join(prefix, name)),
  );
  return (
    found.find((text) => text?.includes("Node.js is licensed")) ??
    `MIT, and the licences of what is in it: https://github.com/nodejs/node/blob/${process.version}/LICENSE`
  );
}

/** postject warns about sections of the ELF file that it does not know and leaves as they are. */
async function quietly(act) {
  const { warn, log } = console;
  console.warn = console.log = () => undefined;
  try {
    await act();
  } finally {
    Object.assign(console, { warn, log });
  }
}

function readIfAny(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

// Makes a release: node scripts/release.mjs VERSION [--dry-run] [--out DIR]
//
// Writes the version and the day, commits, builds, packs twice and compares, and makes a signed tag whose message holds the
// digests of the package and of its bill of materials, with notes that say how a user verifies all of that. Nothing is pushed or
// published: the last lines say what to type. With --dry-run all of it happens in a clone in a temporary folder, signed by a key
// that is made for it and thrown away; the clone is thrown away, too.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const project = fileURLToPath(new URL("..", import.meta.url));
const { values, positionals } = parseArgs({
  options: { "dry-run": { type: "boolean", default: false }, out: { type: "string", default: "release" } },
  allowPositionals: true,
});
const [version = ""] = positionals;
const dryRun = values["dry-run"];
const out = resolve(values.out);

const say = (text) => process.stdout.write(`release: ${text}\n`);
function refuse(why, hint) {
  process.stderr.write(`release: error: ${why}\nrelease: hint: ${hint}\n`);
  process.exit(1);
}

if (!/^\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?$/.test(version)) {
  refuse(`'${version}' is no version`, "node scripts/release.mjs 1.2.3 [--dry-run]");
}

const scratch = dryRun ? mkdtempSync(join(tmpdir(), "release-")) : null;
const root = scratch === null ? project : join(scratch, "signpolicy");
/** What goes wrong is told with the error; what npm and git merely remark is not. */
const run = (program, ...words) =>
  execFileSync(program, words, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["inherit", "pipe", "pipe"],
    env: { ...process.env, npm_config_update_notifier: "false" },
  }).trim();
const git = (...words) => run("git", ...words);
const read = (path) => readFileSync(join(root, path), "utf8");
const write = (path, text) => writeFileSync(join(root, path), text);
const digestOf = (path) => createHash("sha256").update(readFileSync(path)).digest("hex");

try {
  if (scratch !== null) prepareScratch();
  checkReady();
  writeVersion();
  const { tarball, digest } = pack();
  const bill = digestOf(join(root, "sbom.cdx.json"));
  const notes = notesFor(tarball, digest, bill);
  git("tag", "-s", `v${version}`, "--cleanup=verbatim", "-m", tagMessage(tarball, digest, bill));
  checkTag();
  mkdirSync(out, { recursive: true });
  copyFileSync(join(root, tarball), join(out, tarball));
  copyFileSync(join(root, "sbom.cdx.json"), join(out, "sbom.cdx.json"));
  writeFileSync(join(out, "NOTES.md"), notes);
  writeFileSync(join(out, "tag.txt"), git("cat-file", "tag", `v${version}`));
  say(`${tarball}, sbom.cdx.json and NOTES.md are in ${out}`);
  if (JSON.parse(read("package.json")).repository === undefined) {
    say("package.json names no `repository`: npm takes a provenance only from a job of the one that it names");
  }
  if (dryRun) say("a dry run: nothing was committed, tagged or kept elsewhere");
  else {
    say(`next: git push origin HEAD v${version}`);
    say(`then, in the CI job that npm trusts: npm publish ${tarball}   # with provenance, as package.json says`);
  }
} finally {
  if (scratch !== null) rmSync(scratch, { recursive: true, force: true });
}

/** What is committed here, with this project's packages and a key of its own. */
function prepareScratch() {
  execFileSync("git", ["clone", "--quiet", "--no-hardlinks", "--no-tags", project, root]);
  symlinkSync(join(project, "node_modules"), join(root, "node_modules"));
  const key = join(scratch, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "dry run", "-f", key]);
  const signers = join(scratch, "allowed_signers");
  writeFileSync(signers, `release@example.org ${readFileSync(`${key}.pub`, "utf8")}`);
  for (const [name, value] of [
    ["user.name", "Dry Run"],
    ["user.email", "release@example.org"],
    ["gpg.format", "ssh"],
    ["user.signingkey", `${key}.pub`],
    ["gpg.ssh.allowedSignersFile", signers],
    ["core.hooksPath", "/dev/null"],
  ]) {
    git("config", name, value);
  }
}

function checkReady() {
  if (git("status", "--porcelain", "--untracked-files=no") !== "") {
    refuse("there are changes that are not committed", "git stash, or git commit");
  }
  if (git("tag", "--list", `v${version}`) !== "") refuse(`v${version} is there already`, "choose the next version");
  const heading = new RegExp(`^## ${version.replaceAll(".", "\\.")}(?: \\(|$)|^## Unreleased$`, "m");
  if (!heading.test(read("CHANGELOG.md")) && !dryRun) {
    refuse(`CHANGELOG.md says nothing of ${version}`, `write what changed under '## ${version}' or '## Unreleased'`);
  }
}

/** In package.json, its lock, the changelog and what is made from them; committed and signed. */
function writeVersion() {
  const day = new Date().toISOString().slice(0, 10);
  const changelog = read("CHANGELOG.md");
  const dated = changelog.replace(
    new RegExp(`^## (?:${version.replaceAll(".", "\\.")}|Unreleased)$`, "m"),
    `## ${version} (${day})`,
  );
  write(
    "CHANGELOG.md",
    dated === changelog && dryRun ? changelog.replace(/^## \S+.*$/m, `## ${version} (${day})`) : dated,
  );
  run("npm", "version", version, "--no-git-tag-version", "--allow-same-version", "--ignore-scripts");
  run("npm", "run", "--silent", "gen");
  git("commit", "--quiet", "--all", "-S", "-m", `Release ${version}`);
}

/** The package, made twice: who has the tag can make the same bytes. */
function pack() {
  const once = () => {
    run("npm", "run", "--silent", "build");
    run(process.execPath, "scripts/sbom.mjs");
    run(process.execPath, "scripts/check-pack.mjs");
    const [{ filename }] = JSON.parse(run("npm", "pack", "--ignore-scripts", "--json"));
    return { tarball: filename, digest: digestOf(join(root, filename)) };
  };
  const first = once();
  const second = once();
  if (first.digest !== second.digest)
    refuse("two builds of one commit differ", "find what in the build depends on the day");
  return first;
}

function tagMessage(tarball, digest, bill) {
  return [`signpolicy ${version}`, "", `${digest}  ${tarball}`, `${bill}  sbom.cdx.json`, ""].join("\n");
}

/** What nobody could verify is no release. */
function checkTag() {
  try {
    git("verify-tag", `v${version}`);
    if (hasPolicy()) run(process.execPath, "dist/signpolicy.cjs", "verify", "--no-walk", `refs/tags/v${version}`);
  } catch (error) {
    git("tag", "--delete", `v${version}`);
    refuse(`the tag does not verify: ${String(error.stderr ?? error).trim()}`, "signpolicy doctor");
  }
}

function hasPolicy() {
  return [".signpolicy.yaml", ".signpolicy.yml", ".signpolicy.json"].some((place) => existsSync(join(root, place)));
}

function notesFor(tarball, digest, bill) {
  const [, changes = ""] = read("CHANGELOG.md").split(new RegExp(`^## ${version.replaceAll(".", "\\.")} .*$`, "m"));
  const signer = hasPolicy()
    ? `The policy in the repository says who may sign a release. Judge by a copy that you trusted before, with a signpolicy from before: \`signpolicy verify --no-walk --policy COPY refs/tags/v${version}\`.`
    : "The key of whoever signs releases is published with the project; compare its fingerprint with one that you trusted before.";
  return `# signpolicy ${version}

${changes.split(/^## /m)[0].trim()}

## Verify this release

The tag is signed, and its message holds the SHA-256 of the package and of its bill of materials. ${signer}

\`\`\`sh
git fetch origin tag v${version}
git verify-tag v${version}                                  # with the signer's key known to git
git cat-file tag v${version} | grep -F '${tarball}'
npm pack signpolicy@${version} && sha256sum ${tarball}
tar -xOzf ${tarball} package/sbom.cdx.json | sha256sum
\`\`\`

\`\`\`text
${digest}  ${tarball}
${bill}  sbom.cdx.json
\`\`\`

That npm has what this repository's own job built, and nobody's upload, its provenance shows:

\`\`\`sh
npm install signpolicy@${version} && npm audit signatures
\`\`\`

The package can be built again, byte for byte, from the tag, with the same npm and node:

\`\`\`sh
git checkout v${version} && npm ci --ignore-scripts && npm pack && sha256sum ${tarball}
\`\`\`

\`sbom.cdx.json\` in the package is a CycloneDX bill of everything that runs: its one dependency and what is bundled, each with the
digest of what was built in.
`;
}

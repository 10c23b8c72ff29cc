// The histories that `verify` is timed on: built once, the same on every machine, kept outside the tree.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { addCommits, createPack, storePacked } from "./history.mjs";
import { createOpenPgpSigner } from "./openpgp-signer.mjs";
import { packChecks } from "./raw-checks.mjs";
import { environment } from "./scene.mjs";
import { createSshSigner } from "./ssh-signer.mjs";

const START = 1_700_000_000;
const SOURCES = [
  "histories.mjs",
  "history.mjs",
  "openpgp-signer.mjs",
  "raw-checks.mjs",
  "rsa-seed.mjs",
  "ssh-signer.mjs",
];

const person = (name, format, options = {}) => {
  const identity = `${name} <${name}@example.org>`;
  const seed = `signpolicy bench, ${name}`;
  const signer =
    format === "ssh"
      ? createSshSigner({ seed })
      : createOpenPgpSigner({ seed, userId: identity, created: START, ...options });
  return { name, identity, signer };
};
const several = (count, make) => Array.from({ length: count }, (_, n) => make(n));

/** Who signs, and what is special: `signers` of them sign, all are in the policy. */
const KINDS = {
  openpgp: () => ({ people: [person("olga", "openpgp")] }),
  rsa: () => ({ people: [person("rosa", "openpgp", { algorithm: "rsa" })] }),
  ssh: () => ({ people: [person("sam", "ssh")] }),
  mixed: () => ({ people: several(20, (n) => person(`person${n}`, n % 2 === 0 ? "openpgp" : "ssh")) }),
  merges: () => ({ people: [person("olga", "openpgp")], merges: true }),
  "criss-cross": () => ({ people: [person("olga", "openpgp")], merges: "criss-cross" }),
  "large certificates": () => ({
    people: several(7, (n) => person(`person${n}`, "openpgp", { subkeys: 10, extra: 9 })),
    signers: 1,
  }),
};

/**
 * A bare repository with `count` commits on main, or the one that an earlier run left.
 * @returns its folder, the environment git needs there, the OpenPGP certificates, SSH keys and raw checks of the signatures
 */
export function openHistory(kind, count, { refs = 0 } = {}) {
  const key = createHash("sha256").update(`${kind} ${count} ${refs}\n`);
  for (const file of SOURCES) key.update(readFileSync(new URL(file, import.meta.url)));
  const cache = join(tmpdir(), `signpolicy-bench-${userInfo().uid}`);
  const folder = join(cache, key.digest("hex").slice(0, 16));
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    const fresh = mkdtempSync(join(cache, "new-"));
    build(fresh, KINDS[kind](), count, refs);
    renameSync(fresh, folder);
  }
  const people = JSON.parse(readFileSync(join(folder, "people.json"), "utf8"));
  return { kind, count, folder, repository: join(folder, "repository.git"), checks: join(folder, "checks"), people };
}

function build(folder, { people, merges = false, signers = people.length }, count, refs) {
  const repository = join(folder, "repository.git");
  const env = environment(folder);
  execFileSync("git", ["init", "-q", "--bare", "-b", "main", repository], { env });
  const pack = createPack();
  const checks = [];
  const files = { ".signpolicy.json": policyOf(people), ...sequoiaPolicy(people) };
  const options = { count, start: START + 60, files, people: people.slice(0, signers), merges, checks };
  const tip = addCommits(pack, options);
  storePacked(env, repository, pack);
  const names = several(refs, (n) => `create refs/heads/topic/${n} ${tip}\n`);
  const input = [`create refs/heads/main ${tip}\n`, ...names].join("");
  execFileSync("git", ["-C", repository, "update-ref", "--stdin"], { env, input });
  if (refs > 0) execFileSync("git", ["-C", repository, "pack-refs", "--all"], { env });
  writeFileSync(join(folder, "checks"), packChecks(checks));
  const shown = people.map(({ name, signer: { format, certificate, line } }) => ({ name, format, certificate, line }));
  writeFileSync(join(folder, "people.json"), JSON.stringify(shown));
}

const policyOf = (people) =>
  JSON.stringify({
    version: 1,
    principals: Object.fromEntries(
      people.map(({ name, signer }) => [
        name,
        {
          name,
          emails: [`${name}@example.org`],
          keys: [signer.format === "ssh" ? { ssh: signer.line } : { openpgp: signer.certificate }],
        },
      ]),
    ),
    rules: [{ name: "every branch", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } }],
  });

/** What sq-git reads; it knows no SSH. */
function sequoiaPolicy(people) {
  if (people.some(({ signer }) => signer.format === "ssh")) return {};
  const entries = people.map(
    ({ name, signer }) => `[authorization.${name}]\nsign_commit = true\nkeyring = """\n${signer.certificate}"""\n`,
  );
  return { "openpgp-policy.toml": `version = 0\ncommit_goodlist = []\n\n${entries.join("\n")}` };
}

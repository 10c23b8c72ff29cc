// npm run demo: a server, a clone and real keys in a temporary folder; what a policy lets in and what it keeps out.
// Ends with 1 if any step goes otherwise than announced.
import { mkdirSync, writeFileSync } from "node:fs";
import { makeOpenPgpKey, makeSshKey } from "./keys.mjs";
import * as show from "./show.mjs";
import { openWorld } from "./world.mjs";

const ALICE = { name: "Alice Example", email: "alice@example.org" };
const BOB = { name: "Bob Example", email: "bob@example.org" };
const MALLORY = { name: "Mallory Example", email: "mallory@example.org" };

const world = openWorld();
process.once("SIGINT", () => {
  world.close();
  process.exit(130);
});
const server = world.path("server.git");
const clone = world.path("clone");
const results = [];

try {
  await story();
  summarise();
} catch (error) {
  show.outcome(false, error.message);
  process.exitCode = 1;
} finally {
  world.close();
}

async function story() {
  const gpg = world.versionOf(["gpg", "--version"]);
  const ssh = world.versionOf(["ssh-keygen", "-?"]) === null ? null : world.versionOf(["ssh", "-V"]);
  show.title("signpolicy, shown on a server and a clone of its own");
  show.note(`in ${world.root}, which is deleted at the end; your own keys and settings are not touched`);
  show.note(
    [world.versionOf(["git", "--version"]), `node ${process.versions.node}`, gpg, ssh].filter(Boolean).join(", "),
  );
  if (gpg === null) show.note("gpg is absent: keys come from the openpgp package, a small signer of the demo's signs");
  if (ssh === null) show.note("ssh-keygen is absent: the steps with an SSH key are left out");

  show.title("1  Keys");
  const alice = await makeOpenPgpKey(world, ALICE, gpg);
  show.note(`Alice    OpenPGP  ${alice.fingerprint}`);
  const bob = ssh === null ? null : makeSshKey(world, BOB);
  if (bob !== null) show.note(`Bob      SSH      ${bob.fingerprint}`);
  const mallory = await makeOpenPgpKey(world, MALLORY, gpg);
  show.note(`Mallory  OpenPGP  ${mallory.fingerprint}, which no policy names`);

  show.title("2  A policy, a server that enforces it, a clone with hooks");
  writePolicy(alice, bob);
  world.must(world.root, ["git", "init", "-q", "--bare", "-b", "main", server]);
  step(world.root, ["signpolicy", "install", "--server", "server.git", "--policy", "policy/policy.json"]);
  world.must(world.root, ["git", "init", "-q", "-b", "main", clone]);
  git("remote", "add", "origin", server);
  writeFileSync(world.path("clone", ".signpolicy.json"), policyText(alice, bob));
  configure(ALICE, { ...alice.git, "commit.gpgSign": "true" });
  step(clone, ["signpolicy", "policy", "check"]);
  step(clone, ["signpolicy", "install"]);

  show.title("3  What is signed by the right person gets in");
  git("add", ".signpolicy.json");
  accepted("a commit signed by Alice (OpenPGP)", ["git", "commit", "-q", "-m", "The policy"]);
  accepted("her push", ["git", "push", "-q", "origin", "main"]);
  if (bob !== null) {
    configure(BOB, bob.git);
    accepted("a commit signed by Bob (SSH)", ["git", "commit", "-q", "--allow-empty", "-m", "By Bob"]);
    accepted("his push", ["git", "push", "-q", "origin", "main"]);
    configure(ALICE, { ...alice.git });
  }

  show.title("4  What is not signed is stopped in the clone, and by the server");
  const unsigned = ["-c", "commit.gpgSign=false", "commit", "-q", "--allow-empty", "-m", "Not signed"];
  refused("an unsigned commit (pre-commit)", ["git", ...unsigned], "unsigned");
  git(...unsigned, "--no-verify");
  refused("its push (pre-push)", ["git", "push", "-q", "origin", "main"], "unsigned");
  refused("its push past the client's hooks (pre-receive)", push("main"), "unsigned", "remote: ");
  git("reset", "-q", "--hard", "HEAD~1");

  show.title("5  A key that the policy does not know");
  configure(MALLORY, mallory.git);
  git("commit", "-q", "--no-verify", "--allow-empty", "-m", "By Mallory");
  refused("the push of a commit signed by Mallory", push("main"), "unknown-key", "remote: ");
  git("reset", "-q", "--hard", "HEAD~1");

  show.title("6  A good signature over something else");
  configure(ALICE, alice.git);
  git("commit", "-q", "--allow-empty", "-m", "Pay Bob 10");
  const signed = git("cat-file", "commit", "HEAD");
  const tampered = world.must(clone, ["git", "hash-object", "-t", "commit", "-w", "--stdin"], {
    input: `${signed.replace("Pay Bob 10", "Pay Bob 10000")}\n`,
  });
  show.announce(`Alice signed “Pay Bob 10”; ${tampered.slice(0, 8)} has her signature and says “Pay Bob 10000”.`);
  refused("the push of the tampered commit", push(`${tampered}:refs/heads/main`), "bad-signature", "remote: ");

  show.title("7  The history that got in");
  step(clone, ["git", "fetch", "-q", "origin"]);
  accepted("everything on the server's main", ["signpolicy", "verify", "origin/main"]);
}

/** A push that skips the client's hooks. */
function push(refspec) {
  return ["git", "push", "-q", "--no-verify", "origin", refspec];
}

function policyText(alice, bob) {
  const person = ({ name, email }, key) => ({ name, emails: [email], keys: [key.policy] });
  const principals = { alice: person(ALICE, alice), ...(bob === null ? {} : { bob: person(BOB, bob) }) };
  return `${JSON.stringify(
    {
      version: 1,
      principals,
      groups: { team: Object.keys(principals) },
      rules: [
        {
          name: "main",
          refs: ["refs/heads/main"],
          commits: { signedBy: ["team"] },
          updates: { force: "deny", delete: "deny" },
        },
      ],
    },
    null,
    2,
  )}\n`;
}

function writePolicy(alice, bob) {
  mkdirSync(world.path("policy"), { mode: 0o700 });
  writeFileSync(world.path("policy", "policy.json"), policyText(alice, bob));
}

function configure({ name, email }, signing) {
  const unset = world.run(clone, ["git", "config", "--unset", "gpg.program"]);
  if (unset.status !== 0 && unset.status !== 5) throw new Error(unset.output);
  const values = { "user.name": name, "user.email": email, ...signing };
  for (const [key, value] of Object.entries(values)) git("config", key, value);
}

function git(...args) {
  return world.must(clone, ["git", ...args]);
}

/** A step of the set-up: shown, and it must succeed. */
function step(cwd, words) {
  show.command(words);
  const { status, output } = world.run(cwd, words);
  show.output(output);
  if (status !== 0) throw new Error(`that ended with ${status}`);
}

function accepted(what, words) {
  judge(what, "accepted", words, ({ status }) => status === 0 && (words[1] !== "push" || serverHas() === head()));
}

/** @param prefix how the line begins that names the code: `remote: ` where the server must have said it */
function refused(what, words, code, prefix = "") {
  const before = [serverHas(), head()];
  judge(what, `refused: ${code}`, words, ({ status, output }) => {
    const said = output.split("\n").some((line) => line.startsWith(prefix) && line.includes(code));
    return status !== 0 && said && serverHas() === before[0] && head() === before[1];
  });
}

/** What the server's main stands at. */
function serverHas() {
  return world.must(world.root, ["git", "-C", server, "for-each-ref", "--format=%(objectname)", "refs/heads/main"]);
}

function head() {
  return world.run(clone, ["git", "rev-parse", "--verify", "-q", "HEAD"]).output.trim();
}

function judge(what, expected, words, holds) {
  show.command(words);
  const result = world.run(clone, words);
  show.output(result.output);
  const good = holds(result);
  results.push({ what, expected, good });
  show.outcome(
    good,
    good ? `${what}: ${expected}` : `${what}: should have been ${expected}, ended with ${result.status}`,
  );
}

function summarise() {
  const failed = results.filter(({ good }) => !good).length;
  show.title("Summary");
  for (const { what, expected, good } of results) show.outcome(good, `${what.padEnd(50)} ${expected}`);
  show.note(
    failed === 0
      ? "\n  every step went as announced"
      : `\n  ${failed} of ${results.length} steps did not go as announced`,
  );
  if (failed > 0) process.exitCode = 1;
}

/**
 * Known attacks and known troubles, each with words that stand in the name of a test which holds it. A test that is renamed
 * or dropped is missed here, so that no defence loses its proof unnoticed.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";

const files = readdirSync("test", { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".test.ts") && !file.endsWith("held-by-tests.test.ts"),
);
const tests = files.map((file) => readFileSync(join("test", file), "utf8")).join("\n");

/** By the number of the attack. */
const ATTACKS: Readonly<Record<string, string>> = {
  1: "rule 1: the presence of a signature header taken as proof",
  2: "rule 2: CVE-2026-44309, headers doubled",
  3: "rule 3: signature text where no signature header is",
  4: "rule 4: two signature headers, which git joins into one",
  5: "rule 5: headers that merely start with gpgsig",
  6: "rule 6: the signature of the other algorithm",
  7: "rule 7: bytes that a text decoder makes equal",
  8: "rule 8: text around the armor",
  9: "rule 9: the signature of another object",
  10: "rule 10: identity read by another parser",
  11: "rule 11: content that does not hash to its name",
  12: "rule 12: odd but legitimate objects refused",
  13: "13: two signature packets in one armor",
  14: "14: type confusion",
  15: "15: text signatures, which fit several objects",
  16: "16: messages in place of a detached signature",
  17: "17: bombs (caps before parsing)",
  18: "18: the unhashed area is anybody's",
  19: "19: one key's result under another key's name",
  20: "20: critical subpackets and notations",
  21: "21: the signature's own dates",
  22: "22: versions (RFC 9580",
  23: "23: injection through text",
  24: "24: no issuer",
  25: "25: a stranger's signing subkey adopted",
  26: "26: bindings by strangers",
  27: "27: key flags",
  28: "28: expiry, from the newest valid self-signature",
  29: "29: keys newer than the signature",
  30: "30: back-dating into a window that has passed",
  31: "31: revocation",
  32: "32: designated revokers",
  33: "33: self-signatures with broken hashes",
  34: "34: colliding key ids",
  35: "35: user IDs are free text",
  36: "36: flooded certificates",
  37: "37: weak algorithms",
  38: "38: RSA paddings that lax parsers take",
  39: "39: numbers out of range",
  40: "40: numbers with leading zeros",
  41: "a signature of another namespace (rule 41)",
  42: "Attack rule 42:",
  43: "a signature that brings its own key (rule 43)",
  44: "armor that holds more than the signature (rules 8 and 44)",
  45: "Attack rule 45:",
  46: "Attack rule 46:",
  47: "a signature dated into the good days of its key (rules 30, 47)",
  48: "whose key it is (rule 48)",
  49: "revocation wins over every list (rule 49)",
  50: "a commit in somebody else's name (rule 50)",
  51: "an e-mail that is not quite the signer's (rule 51)",
  52: "rule 52: an identity line that names two people",
  53: "an e-mail that .mailmap would turn into the signer's (rule 53)",
  54: "a tag under another name (rule 54)",
  55: "a tag without a signature (rule 55)",
  56: "tags of tags (rule 56)",
  57: "rule 57: a signature appended by another",
  58: "rule 58: a type line that lies",
  59: "a branch that bears a tag's name, or an object's (rule 59)",
  60: "refuses what a merge brings in from a stranger, octopus and criss-cross merges included",
  61: "laundering through a ref that nobody checked",
  62: "gives no standing to dangling objects of a push that was refused",
  63: "old values forged on the wire",
  64: "refuses a rewind to an old signed tip",
  65: "a push to a symbolic ref",
  66: "may hold nothing but deletions, which bring no quarantine",
  67: "a branch or remote name with shell syntax",
  68: "a push that authorises itself",
  69: "attack 69: a policy of code",
  "69a": "attack 69a: cosmiconfig's own configuration in the judged repository",
  70: "is not fooled by replace refs and grafts that stand in the repository",
  71: "programs that the repository's configuration names (attack 71)",
  72: "denies in a partial clone what it lacks, and fetches nothing",
  73: "an environment that points elsewhere (attack 73)",
  74: "what looks like an option of git (rule 74)",
  75: "a pushed tree is never checked out (rule 75)",
  76: "limits of a push (attack 76)",
  77: "77: the type of an embedded back-signature",
  78: "78: signatures beside the first",
  79: "79: issuer fingerprint, and keys that share an id",
  80: "80: the validity time line",
  81: "81: text signatures, text around the armor",
  82: "82: bytes, never text",
  83: "83: short numbers",
  84: "84: what is legitimate",
};

/** What broke other tools. */
const SCENARIOS: Readonly<Record<string, string>> = {
  "1 a bare repository, GIT_DIR=. and a hook that changes directory": "a hook manager that changes directory",
  "2 no HOME, minimal PATH, no gpg": "judges the same without HOME and with next to no environment",
  "3 a sha256 repository": "accepts signed commits and refuses unsigned ones, creates, updates and deletes",
  "4 a push of deletions alone": "may hold nothing but deletions, which bring no quarantine",
  "5 a mixed push": "is refused as a whole, each ref with its own reasons",
  "6 unprotected, then protected": "refuses on main what an unruled branch took",
  "7 a branch from an accepted commit": "lets a branch start from commits that its own rule judged",
  "8 a push that drops commits": "refuses a sideways move to another signed history",
  "9 refs/replace pushed": "denies %s even where a pattern names every ref",
  "10 a shallow client": "denies a push from a shallow clone",
  "11 3,000 refs": "of 3,000 refs with a tip each starts git a few times",
  "12 root commits, an empty repository, orphans": "takes orphan branches and several roots",
  "13 octopus merges, unsigned second parents": "octopus and criss-cross merges included",
  "14 two gpgsig headers, the other algorithm's, CR LF, encoding, mergetag": "judges by the bytes: two signatures",
  "15 a signed tag of an unsigned commit, tags of tags, trees, blobs": "a tag of a tag of a tree",
  "16 a key listed for another e-mail": "refuses a key that the policy lists for another e-mail",
  "17 backdated into an old window": "refuses a commit dated into the good days of a retired key",
  "18 a commit from the future": "refuses a commit from the future",
  "19 a key retired between two commits": "alone and between good ones (key-retired)",
  "20 the push adds the pusher's key": "is judged by the policy from before it",
  "21 pre-push input of every kind": "gives the next reader of pre-push all of what git wrote",
  "22 a rebase onto what others wrote": "blames nobody for commits of the branch that was rebased onto",
  "23 a work tree without husky's files": "names a new work tree, in which git runs no hook",
  "24 submodules and subfolders": "in a submodule, whose .git is a file",
  "25 installs without scripts or devDependencies, CI": "does nothing in CI or without devDependencies",
  "26 CR LF in hook files": "runs with a hook file whose line ends git turned into CR LF",
  "27 a global core.hooksPath": "but not one for all repositories, where the hook would stop the others",
  "28 git versions that differ about expired keys": "asks neither gpg nor git what a signature is worth",
  "29 gpg absent": "asks neither gpg nor git what a signature is worth",
  "30 killed, unreadable, corrupt": "a hook that is killed",
  "31 10,000 commits in seconds": "is judged within five seconds of one processor",
  "32 hostile words": "never as control bytes or lines of their own",
};

describe("what is known to go wrong is held by a test of its name", () => {
  it("knows every attack from 1 to 84", () => {
    expect(Object.keys(ATTACKS).filter((number) => /^\d+$/.test(number))).toHaveLength(84);
  });

  it.each(Object.entries(ATTACKS))("attack %s: %s", (_, words) => {
    expect(tests.includes(words)).toBe(true);
  });

  it("knows 32 scenarios", () => {
    expect(Object.keys(SCENARIOS)).toHaveLength(32);
  });

  it.each(Object.entries(SCENARIOS))("scenario %s: %s", (_, words) => {
    expect(tests.includes(words)).toBe(true);
  });
});

/**
 * What people have trouble with when commits must be signed, the most frequent and costly first; each with the heading that
 * answers it, and words of a test that holds the answer where it is ours to hold. A heading or test that goes is missed here.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";

const PAGE = "troubleshooting.md";

const TROUBLES: readonly (readonly [trouble: string, heading: string, test: string | null])[] = [
  ["pinentry without a terminal", "gpg failed to sign the data", "is told from what it printed: %s"],
  ["git prints no cause", "git names no cause", "tells that pinentry was dismissed, in gpg's own number"],
  ["expired keys redden old commits", "My key expired, and old commits turn red", "are renewed from gpg's keyring"],
  [
    "merge buttons",
    "A merge button took the signatures away",
    "counts on a merge that git makes alike, and on no other",
  ],
  // What is set at each bot is documentation alone.
  ["unsigned bots", "Bots push unsigned commits", "counts no agent, bot or forge"],
  [
    "e-mail not bound to the key",
    "identity-mismatch: another e-mail than the key's",
    "names signer, key and both e-mails",
  ],
  [
    "git says N of signed commits",
    "git log shows N or U for SSH signatures",
    "let plain git log verify SSH signatures",
  ],
  ["another gpg", "No secret key", "tells of a gpg.program that only a newer git would find"],
  ["hooks silently absent", "Nothing happens on commit or push", "names a new work tree, in which git runs no hook"],
  [
    "--no-verify",
    "--no-verify, HUSKY=0, an agent in a hurry",
    "tells a coding agent to stop rather than to go round the hook",
  ],
  [
    "agents and pinentry",
    "A coding agent hangs, or goes on unsigned",
    "stops while gpg-agent does not remember the passphrase",
  ],
  ["agents of password managers", "The ssh agent does not sign", "is told from what it printed: %s"],
  ["re-signing a branch", "unsigned: a whole branch", "signs a branch with a merge that had a conflict"],
  ["blamed for others' commits", "It blames commits that are not mine", "blames nobody for commits of the branch"],
  [
    "only the tip is checked",
    "Only the newest commit was signed",
    "is refused as a whole, each ref with its own reasons",
  ],
  ["unsigned history", "The history from before", "warns of exemptions that have lapsed or soon will"],
  ["shallow clones", "shallow-history", "denies a push from a shallow clone"],
  ["slow verification", "It is slow", "of 3,000 refs with a tip each starts git a few times"],
  [
    "a touch for every commit",
    "A security key wants to be touched, for every commit",
    "asks a key once for each commit of a branch that was rebased unsigned",
  ],
  [
    "teammates' keys",
    "Somebody left, or lost a laptop",
    "are taken from a signed commit only when its signature verifies",
  ],
  [
    "retired or compromised",
    "Somebody left, or lost a laptop",
    "refuses a commit dated into the good days of a retired key",
  ],
  ["a push adds its own key", "unknown-key", "is judged by the policy from before it"],
  ["backdating", "My clock, or a date that I set", "a signature dated into the good days of its key"],
  ["-s and -S", "Signed-off-by is no signature", "notices a Signed-off-by trailer"],
  ["two identities", "identity-mismatch: another e-mail than the key's", "says which option or variable is at fault"],
  [
    "the web interface's key",
    "signed by an unknown key: the web interface",
    "of a forge are known to gpg by the fingerprints",
  ],
  ["X.509", "X.509 and Sigstore", "stops a format that nobody can verify (unsupported)"],
  [
    "gitsign is Unverified",
    "GitHub shows Unverified, and signpolicy allows",
    "tells what the real gitsign lacks before it can sign without anybody",
  ],
  [
    "a hook's environment",
    "command not found, HOME not set, wrong user",
    "judges the same without HOME and with next to no",
  ],
  [
    "an agent under a person's e-mail",
    "The same e-mail, two keys, two kinds of signer",
    "counts no agent, bot or forge",
  ],
];

const headings = [...readFileSync(join("docs", PAGE), "utf8").matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
const tests = readdirSync("test", { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".test.ts") && !file.endsWith("answered-troubles.test.ts"))
  .map((file) => readFileSync(join("test", file), "utf8"))
  .join("\n");

describe("what people have trouble with", () => {
  it("is thirty things", () => {
    expect(TROUBLES).toHaveLength(30);
  });

  it.each(TROUBLES)(
    "%s: docs/troubleshooting.md has an answer, held by a test where it is ours",
    (_, heading, words) => {
      expect(headings).toContain(heading);
      if (words !== null) expect(tests).toContain(words);
    },
  );
});

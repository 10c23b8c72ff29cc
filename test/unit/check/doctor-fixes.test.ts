/**
 * Why: a row of doctor's is worth its command. What it prints as the fix can be typed as it stands, and where no command can
 * mend a thing the reason is here.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import { allMessages } from "../../../scripts/messages.mjs";

/** What makes rows: doctor's own files, and the checks of what is installed. */
const ROWS =
  /^check\/(?:doctor-\w+|check-(?:client|server|seed|program|gitolite)|signer-failure|signing-programs)\.ts$/;

const PROGRAMS =
  "apt-get|brew|cd|chmod|chown|echo|eval|export|git|gitsign-credential-cache|go|gpg|gpgconf|mkdir|npm|openssl|sed|signpolicy|sntp|ssh-add|timedatectl|unset";
/** `…` stands for a program of git's configuration, `git -C DIR`, or a command that another function made. */
const COMMAND = new RegExp(`^(?:${PROGRAMS}|…)(?: (?!.*, (?:or|by|in)\\b)|$)`);

/** Where nothing that could be typed would mend it. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["leave out `-c user.email=...`", "it is in the command that somebody typed"],
  ["leave out `-c commit.gpgsign=...`", "it is in the command that somebody typed"],
  ["install a newer git: https://git-scm.com/downloads", "a distribution's own package may be the one that is too old"],
  ["unmatched: deny, in the policy", "a rule is changed in a commit of somebody who may"],
  ["give that rule a `commits` clause", "a rule is changed in a commit of somebody who may"],
  ["git push, by somebody who has that history", "the server does not have it"],
  ['LOCAL_CODE => "$ENV{HOME}/local", in ~/.gitolite.rc', "a line of Perl, which its administrator keeps"],
]);

const fixes = [
  ...new Set(
    allMessages()
      .filter(({ file, mends }) => ROWS.test(file) && mends.length > 0)
      .flatMap(({ mends }) => mends),
  ),
].filter((fix) => fix !== "");

describe("what doctor tells to type", () => {
  it("is found in numbers, and each reason is still needed", () => {
    expect(fixes.length).toBeGreaterThan(60);
    expect([...WORDS.keys()].filter((words) => !fixes.includes(words))).toEqual([]);
  });

  it("is a command, or there is a reason why not", () => {
    expect(fixes.filter((fix) => !COMMAND.test(fix) && !WORDS.has(fix))).toEqual([]);
  });

  it("is what a shell can read", () => {
    const unread = fixes
      .filter((fix) => !WORDS.has(fix))
      .filter((fix) => spawnSync("sh", ["-n", "-c", fix.replaceAll("…", "x")]).status !== 0);
    expect(unread).toEqual([]);
  });
});

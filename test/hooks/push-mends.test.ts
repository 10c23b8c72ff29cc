/** What `pre-push` and a server print does mend what they refused: the hints here are run as they stand. */
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;

beforeEach(() => {
  clone = new Clone();
  const tools = join(clone.root, "bin");
  mkdirSync(tools);
  symlinkSync(join(projectRoot, "dist", "signpolicy.cjs"), join(tools, "signpolicy"));
  clone.environment["PATH"] = `${tools}:${clone.environment["PATH"] ?? ""}`;
  clone.git("config", "gpg.format", "ssh");
  clone.git("config", "commit.gpgsign", "true");
});
afterEach(() => clone.remove());

function sshKey(name: string): string {
  const file = join(clone.root, name);
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file]);
  return readFileSync(`${file}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
}

function be(name: string, key = name): void {
  clone.git("config", "user.email", `${name}@example.org`);
  clone.git("config", "user.signingkey", join(clone.root, key));
}

const person = (name: string, ...keys: readonly object[]) => ({ name, emails: [`${name}@example.org`], keys });

function commit(file: string, text = file): string {
  clone.write(file, text);
  clone.git("add", "-A");
  clone.git("commit", "-q", "-m", file);
  return clone.git("rev-parse", "HEAD");
}

/** What is committed by now stands on a server, and was fetched. */
function publish(): void {
  const server = join(clone.root, "server.git");
  clone.git("clone", "-q", "--bare", ".", server);
  clone.git("remote", "add", "origin", server);
  clone.git("fetch", "-q");
}

function policy(principals: object, commits: object, rule: object = {}): void {
  const rules = [{ name: "main", refs: ["refs/heads/main"], commits, ...rule }];
  clone.write(".signpolicy.json", JSON.stringify({ version: 1, principals, rules }));
}

const ZERO = "0".repeat(40);

/** As git runs the hook for a push of HEAD to main, where it stands at `old`. */
function prePush(old: string, remote = "origin"): { status: number | null; output: string } {
  const input = `HEAD ${clone.git("rev-parse", "HEAD")} refs/heads/main ${old}\n`;
  return clone.run("signpolicy", ["hook", "pre-push", remote, clone.root], { input });
}

/** The hint's lines that are commands beginning with this word. */
const commandIn = (output: string, word: string): string =>
  output
    .split("\n")
    .map((line) => line.replace(/^(?:remote: )?hint: +(?:fix: )?/, ""))
    .find((line) => line.startsWith(word)) ?? "";

describeWith(["git", "ssh-keygen"], "a hint of a refused push, run as it is printed", () => {
  it("signs what a merge brings in under one's own name, and names the field that lets it in (signer-not-permitted)", () => {
    policy(
      { alice: person("alice", { ssh: sshKey("alice") }), bob: person("bob", { ssh: sshKey("bob") }) },
      { signedBy: ["alice"] },
    );
    be("alice");
    const base = commit("first");
    clone.git("remote", "add", "origin", clone.root);
    clone.git("update-ref", "refs/remotes/origin/main", base);
    clone.git("switch", "-q", "-c", "topic");
    be("bob");
    commit("bobs");
    be("alice");
    clone.git("switch", "-q", "main");
    commit("alices");
    clone.git("merge", "-q", "--no-edit", "topic");
    const refused = prePush(base);
    expect(refused.status).toBe(1);
    const flat = refused.output.replaceAll(/\nhint: +/g, " ");
    expect(flat).toContain("signer-not-permitted");
    expect(flat).toContain(
      'to let bob sign here (under `commits` of rule "main": `signedBy`; for what merges bring in `side: ["*"]`)',
    );
    const command = commandIn(refused.output, "signpolicy resign");
    expect(command).toBe(`signpolicy resign --others --all ${base.slice(0, 12)}`);
    expect(clone.run("sh", ["-c", command])).toMatchObject({ status: 0 });
    // That the author is another stays a warning.
    expect(prePush(base).status).toBe(0);
    expect(clone.git("log", "-1", "--format=%an", "--", "bobs")).toBe("N");
  });

  /** A main whose line is Alice's alone, with her first commit pushed; what merges bring in may be Bob's. */
  function ofAlices(): string {
    policy(
      { alice: person("alice", { ssh: sshKey("alice") }), bob: person("bob", { ssh: sshKey("bob") }) },
      { signedBy: ["alice"], side: ["*"] },
    );
    be("alice");
    const base = commit("first");
    clone.git("remote", "add", "origin", clone.root);
    clone.git("update-ref", "refs/remotes/origin/main", base);
    return base;
  }

  it("makes a merge of what whoever may merge had fast-forwarded (signer-not-permitted)", () => {
    const base = ofAlices();
    clone.git("switch", "-q", "-c", "topic");
    be("bob");
    commit("one");
    const tip = commit("two");
    be("alice");
    clone.git("switch", "-q", "main");
    clone.git("merge", "-q", "topic");
    const refused = prePush(base);
    expect(refused).toMatchObject({ status: 1, output: expect.stringContaining("signer-not-permitted") });
    expect(refused.output.replaceAll(/\nhint: +/g, " ")).toContain("or if you are alice, bring it in by a merge: git ");
    const command = commandIn(refused.output, "git reset");
    expect(command).toBe(`git reset --keep ${base.slice(0, 12)} && git merge --no-ff -S ${tip.slice(0, 12)}`);
    expect(clone.run("sh", ["-c", `GIT_EDITOR=true; export GIT_EDITOR; ${command}`])).toMatchObject({ status: 0 });
    expect(prePush(base).status).toBe(0);
    // Bob's commits are what they were.
    expect(clone.git("rev-parse", "HEAD^2").trim()).toBe(tip);
  });

  it("sends whoever may not sign the branch itself by way of a merge, which lands (signer-not-permitted)", () => {
    const base = ofAlices();
    be("bob");
    commit("bobs");
    const refused = prePush(base);
    expect(refused).toMatchObject({ status: 1, output: expect.stringContaining("signer-not-permitted") });
    expect(refused.output.replaceAll(/\nhint: +/g, " ")).toContain(
      "push it to another branch, and have alice merge that; or",
    );
    clone.git("branch", "topic");
    clone.git("reset", "-q", "--hard", base);
    be("alice");
    clone.git("merge", "-q", "--no-ff", "--no-edit", "topic");
    expect(prePush(base).status).toBe(0);
  });

  it("names the good key and the setting that uses it, to the client; a server names the key (unknown-key)", () => {
    const good = sshKey("alice");
    policy({ alice: person("alice", { ssh: good }) }, { signedBy: ["alice"] });
    be("alice");
    const base = commit("first");
    const server = join(clone.root, "server.git");
    clone.git("clone", "-q", "--bare", ".", server);
    expect(clone.run("signpolicy", ["install", "--server", server]).status).toBe(0);
    sshKey("wrong");
    // What is in ~/.ssh is one's own.
    mkdirSync(join(clone.root, "home/.ssh"));
    clone.run("cp", [join(clone.root, "alice"), join(clone.root, "alice.pub"), join(clone.root, "home/.ssh")]);
    be("alice", "wrong");
    commit("second");
    commit("third");
    const fingerprint = clone.run("ssh-keygen", ["-lf", join(clone.root, "alice.pub")]).output.split(" ")[1] ?? "";
    const byServer = clone.run("git", ["push", "--no-verify", server, "main"]);
    expect(byServer.status).toBe(1);
    const flat = byServer.output.replaceAll(/ *\nremote: hint: +/g, " ");
    expect(flat).toContain(`fix: sign with alice's key ${fingerprint} (`);
    expect(flat).toContain("doctor");
    expect(flat).not.toContain("user.signingkey");
    const refused = prePush(base);
    expect(refused.output.replaceAll(/\nhint: +/g, " ")).toContain(
      `fix: sign with alice's key ${fingerprint}: git config`,
    );
    const command = commandIn(refused.output, "git config user.signingkey");
    expect(command).toMatch(/alice\.pub && git rebase -f -S [0-9a-f]{12}$/);
    expect(clone.run("sh", ["-c", command])).toMatchObject({ status: 0 });
    expect(clone.run("git", ["push", server, "main"])).toMatchObject({ status: 0 });
  });

  it("sends nobody to a key that is no longer good (unknown-key)", () => {
    policy(
      { alice: person("alice", { ssh: sshKey("alice"), retired: "2025-01-01T00:00:00Z" }) },
      { signedBy: ["alice"] },
    );
    sshKey("wrong");
    be("alice", "wrong");
    const base = commit("first");
    commit("second");
    const refused = prePush(base);
    expect(refused.status).toBe(1);
    expect(refused.output).toContain("unknown-key");
    expect(refused.output).not.toMatch(/sign with|git config user\.signingkey/);
  });

  it("leads from a retired key to the one that is good, and to a new one where there is none (key-retired)", () => {
    const old = sshKey("old");
    const retired = { ssh: old, retired: "2025-06-01T00:00:00Z" };
    policy({ alice: person("alice", retired) }, { signedBy: ["alice"] });
    be("alice", "old");
    const base = commit("first");
    commit("second");
    const alone = prePush(base).output.replaceAll(/\nhint: +/g, " ");
    expect(alone).toContain(
      "fix: sign with another key that the policy has, or have one added (signpolicy join --new-key): ",
    );
    policy({ alice: person("alice", retired, { ssh: sshKey("fresh") }) }, { signedBy: ["alice"] });
    mkdirSync(join(clone.root, "home/.ssh"));
    clone.run("cp", [join(clone.root, "fresh"), join(clone.root, "fresh.pub"), join(clone.root, "home/.ssh")]);
    const command = commandIn(prePush(base).output, "git config user.signingkey");
    expect(clone.run("sh", ["-c", command])).toMatchObject({ status: 0 });
    expect(prePush(base)).toMatchObject({ status: 0 });
  });

  it("brings approvals that are there already into a clone in which nobody ran install (threshold-unmet)", () => {
    const people = ["alice", "bob"];
    policy(Object.fromEntries(people.map((name) => [name, person(name, { ssh: sshKey(name) })])), {
      signedBy: people,
      threshold: 2,
    });
    be("alice");
    const base = commit("first");
    publish();
    clone.git("remote", "set-head", "origin", "main");
    commit("second");
    const row = (): string =>
      /(PASS|WARN) approvals .*\n(?: +fix +.*)?/.exec(clone.run("signpolicy", ["doctor"]).output)?.[0] ?? "";
    const refused = (): string => prePush(base).output.replaceAll(/\nhint: +/g, " ");
    be("bob");
    expect(clone.run("signpolicy", ["approve", "origin/main..HEAD", "--push"])).toMatchObject({ status: 0 });
    clone.git("update-ref", "-d", "refs/signpolicy/approvals/bob");
    be("alice");
    expect(refused()).toContain("--push or, for approvals that are there already: signpolicy install && git fetch");
    expect(row()).toMatch(/^WARN approvals .*\n +fix +signpolicy install$/);
    expect(clone.run("signpolicy", ["install"])).toMatchObject({ status: 0 });
    expect(refused()).toContain("--push or, for approvals that are there already: git fetch");
    expect(row()).toMatch(/^PASS/);
    clone.git("fetch", "-q");
    expect(prePush(base)).toEqual({ status: 0, output: "" });
  });

  it("calls a push that is no fast-forward by its name (ref-rollback)", () => {
    policy(
      { alice: person("alice", { ssh: sshKey("alice") }) },
      { signedBy: ["alice"] },
      { updates: { force: "deny" } },
    );
    be("alice");
    commit("first");
    const theirs = commit("theirs");
    publish();
    clone.git("branch", "-q", "--set-upstream-to=origin/main");
    clone.git("reset", "-q", "--hard", "HEAD~1");
    commit("mine");
    const refused = prePush(theirs);
    expect(refused.status).toBe(1);
    expect(refused.output.replaceAll(/\nerror: +/g, " ")).toMatch(/ref-rollback: not a fast-forward: /);
    expect(refused.output).toMatch(/^hint: fix: git pull --rebase/m);
    clone.git("pull", "-q", "--rebase");
    expect(prePush(theirs)).toEqual({ status: 0, output: "" });
  });

  it("lets published history be, and says what takes it in on a new server (key-retired)", () => {
    const [old, fresh] = [sshKey("old"), sshKey("fresh")];
    policy({ alice: person("alice", { ssh: old }) }, { signedBy: ["alice"] });
    be("alice", "old");
    commit("first");
    policy(
      { alice: person("alice", { ssh: old, retired: "2030-01-01T00:00:00Z" }, { ssh: fresh }) },
      { signedBy: ["alice"] },
    );
    commit("rotated");
    policy(
      { alice: person("alice", { ssh: old, retired: "2025-06-01T00:00:00Z" }, { ssh: fresh }) },
      { signedBy: ["alice"] },
    );
    be("alice", "fresh");
    const tip = commit("retired");
    clone.git("remote", "add", "origin", clone.root);
    clone.git("update-ref", "refs/remotes/origin/main", tip);
    const server = join(clone.root, "new.git");
    clone.git("init", "-q", "--bare", server);
    clone.git("remote", "add", "new", server);
    const mine = commit("mine");
    const refused = prePush(ZERO, "new");
    expect(refused.status).toBe(1);
    expect(refused.output).toContain("key-retired");
    expect(refused.output).not.toMatch(/resign|amend|rebase/);
    const command = commandIn(refused.output, "git config signpolicy.trustRoot");
    expect(command).toContain(tip);
    expect(clone.run("signpolicy", ["install", "--server", server])).toMatchObject({ status: 0 });
    expect(clone.run("sh", ["-c", command], { cwd: server })).toMatchObject({ status: 0 });
    const check = clone.run("signpolicy", ["check-install", "--server", server]);
    expect(check.output).toContain(`it comes with the first push whose history holds the trust root ${tip}`);
    expect(check.output).not.toContain("every push is refused");
    expect(clone.run("git", ["push", "--no-verify", "new", "main"])).toMatchObject({ status: 0 });
    expect(clone.run("git", ["rev-parse", "main"], { cwd: server }).output.trim()).toBe(mine);
    // What was never published is the pusher's own to mend.
    clone.git("update-ref", "-d", "refs/remotes/origin/main");
    clone.git("update-ref", "-d", "refs/remotes/new/main");
    expect(prePush(ZERO, "new").output).toMatch(/rebase|resign/);
  });

  it("names the setting that holds a part of an id, and what belongs there (signpolicy.trustRoot)", () => {
    policy({ alice: person("alice", { ssh: sshKey("alice") }) }, { signedBy: ["alice"] });
    be("alice");
    const tip = commit("first");
    const server = join(clone.root, "new.git");
    clone.git("init", "-q", "--bare", server);
    expect(clone.run("signpolicy", ["install", "--server", server])).toMatchObject({ status: 0 });
    clone.git("-C", server, "config", "signpolicy.trustRoot", tip.slice(0, 12));
    const pushed = clone.run("git", ["push", server, "main"]);
    expect(pushed.status).toBe(1);
    const flat = pushed.output.replaceAll(/ *\nremote: (?:error|hint): +/g, " ");
    expect(flat).toContain(
      `signpolicy.trustRoot of this repository is '${tip.slice(0, 12)}', which is no full commit id`,
    );
    expect(flat).toContain("git config signpolicy.trustRoot COMMIT");
    clone.git("-C", server, "config", "signpolicy.trustRoot", tip);
    expect(clone.run("git", ["push", server, "main"])).toMatchObject({ status: 0 });
  });
});

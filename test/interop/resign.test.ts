/** A branch whose commits are made again with signatures, with everything else of theirs as it was. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import { resignBranch } from "../../src/check/resign.ts";
import type { ResignOptions } from "../../src/check/resign.ts";
import { Gnupg } from "../support/gpg.ts";
import { Repo } from "../support/repo.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let repo: Repo;
let keygen: SshKeygen;
const NOW = Math.floor(Date.now() / 1000);

function start(algorithm: "sha1" | "sha256" = "sha1"): void {
  repo = new Repo({ algorithm });
  keygen = new SshKeygen();
  const line = keygen.make("alice", "ed25519").trim();
  repo.config("gpg.format", "ssh");
  repo.config("user.signingkey", keygen.path("alice.pub"));
  repo.config("gpg.ssh.allowedSignersFile", keygen.write("signers", `alice@example.org ${line}\n`));
  commit(".signpolicy.yaml", POLICY.replace("KEY", line), "the policy");
}

beforeEach(() => start());

afterEach(() => {
  repo.run("gpgconf", ["--kill", "all"]);
  repo.remove();
  keygen.dispose();
});

const POLICY = `version: 1
principals:
  alice: { emails: [alice@example.org], keys: [{ ssh: KEY }] }
rules:
  - { name: main, refs: [refs/heads/main], commits: { signedBy: [alice] } }
`;

function commit(
  file: string,
  text: string,
  message: string,
  env: Readonly<Record<string, string>> = {},
  sign = false,
): string {
  writeFileSync(join(repo.dir, file), text);
  repo.git(["add", "-A"], { env });
  repo.git(["commit", "-q", ...(sign ? ["-S"] : []), "-m", message], { env });
  return repo.git(["rev-parse", "HEAD"]);
}

const options = (base: string | null, more: Partial<ResignOptions> = {}): ResignOptions => ({
  directory: repo.dir,
  // The committer date of the environment is not what "now" means here.
  environment: Object.fromEntries(Object.entries(repo.env).filter(([name]) => name !== "GIT_COMMITTER_DATE")),
  base,
  others: false,
  all: false,
  dryRun: false,
  now: NOW,
  ...more,
});

/** What must not change: trees, the shape, authors with their dates, messages. */
const shape = (): string => repo.git(["log", "--topo-order", "--format=%T %an %ae %at %ai%n%B%n%e --"]);
const states = (range: string): readonly string[] =>
  repo.git(["log", "--topo-order", "--format=%G?", range]).split("\n");

describeWith(["git", "gpg", "ssh-keygen"], "resign", () => {
  it("asks a key once for each commit of a branch that was rebased unsigned, twice over", async () => {
    const counted = join(repo.root, "counted");
    const wrapper = join(repo.root, "sign");
    writeFileSync(wrapper, `#!/bin/sh\necho x >>${counted}\nexec ssh-keygen "$@"\n`, { mode: 0o755 });
    const asked = () => (existsSync(counted) ? readFileSync(counted, "utf8").length / 2 : 0);
    repo.config("gpg.ssh.program", wrapper);
    repo.config("commit.gpgsign", "true");
    repo.git(["switch", "-q", "-c", "topic"]);
    for (const name of ["one", "two", "three"]) commit(name, name, name);
    expect(asked()).toBe(3);
    for (const upstream of ["first", "second"]) {
      repo.git(["switch", "-q", "main"]);
      repo.git(["-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", upstream]);
      repo.git(["switch", "-q", "topic"]);
      repo.git(["-c", "commit.gpgsign=false", "rebase", "-q", "main"]);
    }
    expect(asked()).toBe(3);
    expect(states("main..topic")).toEqual(["N", "N", "N"]);
    await resignBranch(options("main"));
    expect(asked()).toBe(6);
    repo.config("gpg.ssh.program", "ssh-keygen");
    expect(states("main..topic")).toEqual(["G", "G", "G"]);
  });

  it("signs a branch with a merge that had a conflict, and keeps all but signature and committer date", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    repo.git(["switch", "-qc", "side"]);
    commit("a", "side\n", "side", {
      GIT_AUTHOR_NAME: "Somebody Else",
      GIT_AUTHOR_EMAIL: "else@example.org",
      GIT_AUTHOR_DATE: "1600000000 -0730",
    });
    repo.git(["switch", "-q", "main"]);
    commit("a", "main\n", "main\n\nwith a body\n\nSigned-off-by: x");
    repo.run("git", ["merge", "-q", "side"]);
    commit("a", "both\n", "merge that was resolved by hand");
    commit("b", "b\n", "caf\u00e9");
    const before = shape();
    const parents = repo
      .git(["log", "--topo-order", "--format=%P"])
      .split("\n")
      .map((line) => line.split(" ").length);
    const old = repo.git(["rev-parse", "HEAD"]);
    repo.git(["tag", "v1", old]);

    const done = await resignBranch(options(base));
    expect(done).toMatchObject({ resigned: 4, kept: 0, from: old, tags: ["v1"], push: null });
    expect(shape()).toBe(before);
    expect(
      repo
        .git(["log", "--topo-order", "--format=%P"])
        .split("\n")
        .map((line) => line.split(" ").length),
    ).toEqual(parents);
    expect(states(`${base}..HEAD`)).toEqual(["G", "G", "G", "G"]);
    expect(Number(repo.git(["log", "-1", "--format=%ct"]))).toBeGreaterThanOrEqual(NOW);
    expect(repo.git(["rev-parse", done.backup ?? ""])).toBe(old);
    expect(repo.git(["status", "--porcelain"])).toBe("");
    expect(repo.git(["fsck", "--strict", "--no-dangling"])).toBe("");
    expect(repo.git(["reflog", "-1", "--format=%gs"])).toBe("signpolicy resign");
  });

  it("keeps what is signed well already below the first that is not", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const good = commit("a", "1", "good", {}, true);
    commit("a", "2", "unsigned");
    commit("a", "3", "good above it", {}, true);
    expect(await resignBranch(options(base, { dryRun: true }))).toMatchObject({ resigned: 2, kept: 1, backup: null });
    expect(repo.git(["for-each-ref", "refs/signpolicy"])).toBe("");
    expect(await resignBranch(options(base))).toMatchObject({ resigned: 2, kept: 1 });
    expect(repo.git(["rev-parse", "HEAD~2"])).toBe(good);
    expect(await resignBranch(options(base))).toMatchObject({ resigned: 0, kept: 3, backup: null });
  });

  it("keeps what every run replaced, however soon the next one follows", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const first = commit("a", "1", "unsigned");
    const backups = [];
    for (let run = 0; run < 3; run += 1) backups.push((await resignBranch(options(base, { all: true }))).backup ?? "");
    expect(new Set(backups).size).toBe(3);
    expect(repo.git(["rev-parse", ...backups]).split("\n")).toEqual([
      first,
      ...repo.git(["rev-parse", "HEAD@{2}", "HEAD@{1}"]).split("\n"),
    ]);
  });

  it("moves nothing where git can keep no backup (ERR_GIT_FAILED)", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const old = commit("a", "1", "unsigned");
    repo.git(["update-ref", "refs/signpolicy/backup", base]);
    await expect(resignBranch(options(base))).rejects.toMatchObject({ code: "ERR_GIT_FAILED" });
    expect(repo.git(["rev-parse", "HEAD"])).toBe(old);
  });

  it("refuses what others committed, unless it is asked to vouch for it", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const theirs = commit("a", "1", "theirs", { GIT_COMMITTER_NAME: "Bob", GIT_COMMITTER_EMAIL: "bob@example.org" });
    await expect(resignBranch(options(base))).rejects.toMatchObject({
      code: "ERR_USAGE",
      message: expect.stringContaining("bob@example.org"),
    });
    expect(repo.git(["rev-parse", "HEAD"])).toBe(theirs);
    await resignBranch(options(base, { others: true }));
    expect(repo.git(["log", "-1", "--format=%ce %ae"])).toBe("alice@example.org alice@example.org");
  });

  it("refuses what the default branch of the remote has, and says how to push the rest", async () => {
    const published = commit("a", "1", "published");
    repo.git(["init", "-q", "--bare", join(repo.root, "server.git")]);
    repo.git(["remote", "add", "origin", join(repo.root, "server.git")]);
    repo.git(["push", "-q", "origin", "main"]);
    await expect(resignBranch(options(`${published}~`))).rejects.toMatchObject({
      code: "ERR_USAGE",
      hint: "signpolicy resign refs/remotes/origin/main",
    });
    repo.git(["switch", "-qc", "topic"]);
    commit("a", "2", "new");
    expect((await resignBranch(options("origin/main", { dryRun: true }))).push).toBe("git push origin topic");
    repo.git(["push", "-q", "origin", "topic"]);
    expect((await resignBranch(options("origin/main"))).push).toBe("git push --force-with-lease origin topic");
  });

  it("moves nothing when the signer fails, in the middle of a rebase, or over a base elsewhere", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const old = commit("a", "1", "unsigned");
    await expect(resignBranch(options(repo.commit("elsewhere")))).rejects.toMatchObject({ code: "ERR_USAGE" });
    mkdirSync(join(repo.gitDir, "rebase-merge"));
    await expect(resignBranch(options(base))).rejects.toMatchObject({
      code: "ERR_USAGE",
      message: "a rebase is under way here",
    });
    repo.run("rmdir", [join(repo.gitDir, "rebase-merge")]);
    repo.config("gpg.ssh.program", "true");
    await expect(resignBranch(options(base))).rejects.toMatchObject({
      code: "ERR_IO",
      message: expect.stringContaining("nothing was changed"),
    });
    expect(repo.git(["rev-parse", "HEAD"])).toBe(old);
    expect(repo.git(["for-each-ref", "refs/signpolicy"])).toBe("");
  });

  it("keeps bytes that are no UTF-8 and other headers, in a sha256 repository, with gpg", async () => {
    repo.remove();
    keygen.dispose();
    start("sha256");
    mkdirSync(join(repo.home, "g"), { mode: 0o700 });
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    repo.config("gpg.format", "openpgp");
    repo.config("user.signingkey", gpg.generateKey("Alice <alice@example.org>"));
    const base = repo.git(["rev-parse", "HEAD"]);
    const raw = repo.raw("commit", commit("a", "1", "x")).toString("latin1");
    const odd = raw.replace("\n\nx", "\nencoding ISO-8859-1\nHG:extra branch:default\n\ncaf\u00e9 \u00fc");
    repo.updateRef("refs/heads/main", repo.write("commit", Buffer.from(odd, "latin1")));
    await resignBranch(options(base));
    expect(states("HEAD~..HEAD")[0]).toMatch(/^[GU]$/);
    const after = repo.raw("commit", repo.git(["rev-parse", "HEAD"])).toString("latin1");
    expect(after).toContain("\nencoding ISO-8859-1\nHG:extra branch:default\n");
    expect(after).toMatch(/\n\ncaf\u00e9 \u00fc\n$/);
  });

  it("ends a header's line where git does, whatever a stranger put into a merged tag or into a name", async () => {
    const base = repo.git(["rev-parse", "HEAD"]);
    const side = commit("a", "1", "side");
    const lines = repo.raw("commit", side).toString("latin1").split("\n");
    const [tree = "", , author = "", committer = ""] = lines;
    const tag = [`mergetag object ${side}`, " type commit", " tag v1\r", " tagger x\rparent y", " ", " text\r"];
    const named = author.replace("author ", `author \rparent ${side} `);
    const raw = [tree, `parent ${base}`, `parent ${side}`, named, committer, ...tag, "encoding UTF-8", "", "merge\n"];
    repo.updateRef("refs/heads/main", repo.write("commit", Buffer.from(raw.join("\n"), "latin1")));
    const { to } = await resignBranch(options(base));
    const made = repo.raw("commit", to).toString("latin1").split("\n\n")[0]?.split("\n") ?? [];
    expect(made.slice(0, 4)).toEqual([tree, `parent ${base}`, `parent ${repo.git(["rev-parse", "HEAD^2"])}`, named]);
    expect(made[4]).toMatch(/^committer [^\r]+ <alice@example\.org> \d+ [+-]\d{4}$/);
    expect(made[5]).toBe("encoding UTF-8");
    expect(made[6]).toMatch(/^gpgsig /);
    expect(repo.git(["rev-parse", "HEAD^2"])).not.toBe(side);
  });

  it("prints a branch's name as a word of the shell in the command that pushes it", async () => {
    repo.git(["init", "-q", "--bare", join(repo.root, "server.git")]);
    repo.git(["remote", "add", "origin", join(repo.root, "server.git")]);
    const base = repo.git(["rev-parse", "HEAD"]);
    for (const [name, push] of [
      ["a;touch${IFS}x", "git push origin 'a;touch${IFS}x'"],
      ["it's", "git push origin 'it'\\''s'"],
      ["topic", "git push origin topic"],
    ] as const) {
      repo.git(["switch", "-q", "-c", name, base]);
      commit("a", name, "unsigned");
      expect((await resignBranch(options(base))).push).toBe(push);
    }
  });
});

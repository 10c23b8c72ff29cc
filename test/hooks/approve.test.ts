import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { withGnupgHome } from "../support/gpg.ts";
import { BIN, PushServer } from "../support/push-server.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { describeWith, itWith } from "../support/tools.ts";

const ssh = new SshKeygen();

/** A server, and a clone in which real people sign with real keys. */
class Team {
  readonly server: PushServer;
  readonly home: string;
  env: Record<string, string>;

  constructor(keys: Readonly<Record<string, object>>) {
    const principals = Object.fromEntries(
      Object.entries(keys).map(([name, key]) => [name, { emails: [`${name}@example.org`], keys: [key] }]),
    );
    this.server = new PushServer({
      version: 1,
      principals,
      rules: [
        {
          name: "main",
          refs: ["refs/heads/main"],
          commits: { signedBy: Object.keys(keys), threshold: 2 },
        },
      ],
      unmatched: "allow",
    });
    this.home = join(this.server.clone.root, "home");
    mkdirSync(this.home);
    this.env = { HOME: this.home };
  }

  /** From here on git signs as this person. */
  become(name: string, config: Readonly<Record<string, string>>): void {
    const { clone } = this.server;
    clone.config("user.name", name);
    clone.config("user.email", `${name}@example.org`);
    for (const [key, value] of Object.entries({ "commit.gpgsign": "true", ...config })) clone.config(key, value);
  }

  git(...args: readonly string[]): string {
    return this.server.clone.git(args, { env: this.env });
  }

  commit(message: string): string {
    const { clone } = this.server;
    writeFileSync(join(clone.dir, "file"), message);
    this.git("add", "file");
    this.git("commit", "-q", "-m", message);
    return this.git("rev-parse", "HEAD");
  }

  signpolicy(...args: readonly string[]) {
    const policy = join(this.server.server.root, "policy.json");
    const options = args[0] === "approve" ? [...args, "--policy", policy] : args;
    const result = this.server.clone.run(process.execPath, [BIN, ...options], { env: this.env });
    return { status: result.status, text: `${result.stdout.toString()}${result.stderr}` };
  }

  remove(): void {
    this.server.remove();
  }
}

const asSsh = (name: string) => ({ "gpg.format": "ssh", "user.signingkey": ssh.path(name) });

describeWith(["ssh-keygen"], "signpolicy approve", () => {
  let team: Team;
  beforeEach(() => {
    const keys = ["alice", "bob"].map((name) => {
      const folder = ssh.path(`${name}-${String(Math.random()).slice(2)}`);
      return [name, folder.split("/").at(-1) ?? ""] as const;
    });
    const lines = Object.fromEntries(keys.map(([name, file]) => [name, { file, line: ssh.make(file, "ed25519") }]));
    files = { alice: lines["alice"]?.file ?? "", bob: lines["bob"]?.file ?? "" };
    team = new Team({ alice: { ssh: lines["alice"]?.line.trim() }, bob: { ssh: lines["bob"]?.line.trim() } });
    team.become("alice", asSsh(files.alice));
    team.git("checkout", "-q", "-b", "main");
    team.commit("first");
    team.server.hooks(false);
    team.git("push", "-q", "origin", "main");
    team.git("fetch", "-q", "origin");
    team.server.hooks(true);
    team.git("checkout", "-q", "-b", "topic");
  });
  let files: { alice: string; bob: string };
  afterEach(() => {
    team.remove();
  });

  it("signs as git signs, stores, pushes, and lets the branch pass", () => {
    team.commit("second");
    expect(team.server.push(["topic:refs/heads/main"]).text).toContain("threshold-unmet");
    team.become("bob", asSsh(files.bob));
    const done = team.signpolicy("approve", "origin/main..topic", "--push");
    expect(done.text).toContain("approved by bob for refs/heads/main");
    expect(done.status).toBe(0);
    expect(team.server.value("refs/signpolicy/approvals/bob")).not.toBeNull();
    expect(team.server.push(["topic:refs/heads/main"])).toMatchObject({ status: 0 });
  });

  it("adds to what was approved before, and takes it back with --withdraw (threshold-unmet)", () => {
    team.commit("second");
    team.become("bob", asSsh(files.bob));
    expect(team.signpolicy("approve", "origin/main..topic", "--push").status).toBe(0);
    const first = team.server.value("refs/signpolicy/approvals/bob") ?? "";
    expect(team.signpolicy("approve", "origin/main..topic", "--withdraw", "--push")).toMatchObject({ status: 0 });
    expect(team.git("rev-list", "--count", "refs/signpolicy/approvals/bob")).toBe("2");
    expect(team.git("merge-base", "refs/signpolicy/approvals/bob", first)).toBe(first);
    expect(team.server.push(["topic:refs/heads/main"]).text).toContain("threshold-unmet");
  });

  it("approves the squashed commit that somebody else will make, and no other (threshold-unmet)", () => {
    team.commit("second");
    team.commit("third");
    const tree = team.git("rev-parse", "topic^{tree}");
    team.become("bob", asSsh(files.bob));
    expect(team.signpolicy("approve", "origin/main..topic", "--as-squash", "--push").status).toBe(0);
    team.become("alice", asSsh(files.alice));
    const squash = (message: string, ...more: string[]) =>
      team.git("commit-tree", "-S", "-p", "origin/main", ...more, "-m", message, tree);
    expect(team.server.push(["topic:refs/heads/main"]).text).toContain("threshold-unmet");
    const merge = squash("both", "-p", "topic");
    expect(team.server.push([`${merge}:refs/heads/main`]).text).toContain("threshold-unmet");
    expect(team.server.push([`${squash("squashed")}:refs/heads/main`])).toMatchObject({ status: 0 });
  });

  it("is for the ref named with --as alone (threshold-unmet)", () => {
    team.commit("second");
    team.become("bob", asSsh(files.bob));
    const done = team.signpolicy("approve", "origin/main..topic", "--as", "refs/heads/other", "--push");
    expect(done.text).toContain("refs/heads/other");
    expect(team.server.push(["topic:refs/heads/main"]).text).toContain("threshold-unmet");
  });

  it("stores nothing that would not count: a key that nobody has (exit 3)", () => {
    team.commit("second");
    ssh.make("stranger", "ed25519");
    team.become("bob", asSsh("stranger"));
    const refused = team.signpolicy("approve", "origin/main..topic");
    expect(refused.status).toBe(3);
    expect(refused.text).toContain("unknown-key");
    expect(team.git("for-each-ref", "refs/signpolicy")).toBe("");
  });

  it.each([
    ["no range", "topic"],
    ["an empty one", "topic..topic"],
    ["a symmetric one", "origin/main...topic"],
    ["what is not there", "nowhere..topic"],
  ])("refuses %s (exit 2)", (_, range) => {
    team.commit("second");
    expect(team.signpolicy("approve", range).status).toBe(2);
  });

  it("refuses to approve a squash onto what the tip does not hold (exit 2)", () => {
    team.commit("second");
    team.git("checkout", "-q", "main");
    team.commit("meanwhile");
    expect(team.signpolicy("approve", "main..topic", "--as-squash").status).toBe(2);
  });

  it("signs with a key given as text, by the program that git is told to use", () => {
    team.commit("second");
    const agent = join(team.home, "sign");
    writeFileSync(
      agent,
      `#!/bin/sh\necho "$@" >>'${team.home}/calls'\nfor last; do :; done\nexec ssh-keygen -Y sign -n git -f '${ssh.path(files.bob)}' "$last"\n`,
    );
    chmodSync(agent, 0o755);
    const line = readFileSync(`${ssh.path(files.bob)}.pub`, "utf8").trim();
    team.become("bob", { "gpg.format": "ssh", "gpg.ssh.program": agent, "user.signingkey": `key::${line}` });
    expect(team.signpolicy("approve", "origin/main..topic", "--push")).toMatchObject({ status: 0 });
    expect(readFileSync(join(team.home, "calls"), "utf8")).toContain("-Y sign -n git -f");
    expect(team.server.push(["topic:refs/heads/main"])).toMatchObject({ status: 0 });
  });

  it("fetches others' approvals by the refspec that install adds, and uninstall takes out", () => {
    team.commit("second");
    team.become("bob", asSsh(files.bob));
    expect(team.signpolicy("approve", "origin/main..topic", "--push").status).toBe(0);
    team.git("update-ref", "-d", "refs/signpolicy/approvals/bob");
    const policy = join(team.server.server.root, "policy.json");
    const verify = () => team.signpolicy("verify", "origin/main..topic", "--as", "refs/heads/main", "--policy", policy);
    expect(verify().status).toBe(3);
    const before = team.git("config", "--get-all", "remote.origin.fetch");
    expect(team.signpolicy("install", "--via", "hooks").status).toBe(0);
    team.git("fetch", "-q", "origin");
    expect(verify()).toMatchObject({ status: 0 });
    expect(team.signpolicy("uninstall").status).toBe(0);
    expect(team.git("config", "--get-all", "remote.origin.fetch")).toBe(before);
  });

  itWith(["gpg"], "signs with OpenPGP, as git is set up to", () =>
    withGnupgHome((gpg) => {
      const fingerprint = gpg.generateKey("bob <bob@example.org>");
      team.remove();
      const line = readFileSync(`${ssh.path(files.alice)}.pub`, "utf8").trim();
      team = new Team({ alice: { ssh: line }, bob: { openpgp: gpg.exportKey(fingerprint).toString() } });
      team.env = { ...team.env, GNUPGHOME: gpg.home };
      team.become("alice", asSsh(files.alice));
      team.git("checkout", "-q", "-b", "main");
      const base = team.commit("first");
      team.server.hooks(false);
      team.git("push", "-q", "origin", "main");
      team.server.hooks(true);
      team.commit("second");
      team.become("bob", { "gpg.format": "openpgp", "user.signingkey": fingerprint });
      const done = team.signpolicy("approve", `${base}..HEAD`, "--as", "main", "--push");
      expect(done).toMatchObject({ status: 0 });
      expect(team.server.push(["HEAD:refs/heads/main"])).toMatchObject({ status: 0 });
    }),
  );
});

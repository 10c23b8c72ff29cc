/**
 * Keys on hardware, as ssh-keygen makes them and git signs with them, played by OpenSSH's own stand-in (test/README.md). A signature
 * that nobody touched the key for is refused here by its flags, which ssh-keygen -Y verify, and so git, does not look at.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { DoctorRow } from "../../src/check/doctor.ts";
import { examineClone } from "../../src/check/doctor.ts";
import { BIN } from "../support/push-server.ts";
import { Repo } from "../support/repo.ts";
import { describeWith, SK_PROVIDER } from "../support/tools.ts";

jest.setTimeout(60_000);

let repo: Repo;
beforeEach(() => {
  repo = new Repo();
});
afterEach(() => repo.remove());

const ENV = { SSH_SK_PROVIDER: SK_PROVIDER };
const path = (name: string): string => join(repo.root, name);

function useKey(type: "ed25519-sk" | "ecdsa-sk", ...options: readonly string[]): void {
  const made = repo.run("ssh-keygen", ["-q", "-t", type, "-N", "", "-C", "alice", ...options, "-f", path("key")], {
    env: ENV,
  });
  expect(made.status).toBe(0);
  const line = readFileSync(path("key.pub"), "utf8").trim();
  writeFileSync(path("allowed"), `alice@example.org ${line}\n`);
  for (const [name, value] of Object.entries({
    "gpg.format": "ssh",
    "user.signingkey": path("key.pub"),
    "commit.gpgsign": "true",
    "gpg.ssh.allowedSignersFile": path("allowed"),
  }))
    repo.config(name, value);
  const policy = {
    version: 1,
    principals: { alice: { emails: ["alice@example.org"], keys: [{ ssh: line }] } },
    rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
  };
  writeFileSync(join(repo.dir, ".signpolicy.json"), JSON.stringify(policy));
  repo.git(["add", "-A"]);
  repo.git(["commit", "-q", "-m", "the policy"], { env: ENV });
}

function judged(): { readonly status: number | null; readonly codes: readonly string[] } {
  const { status, stdout } = repo.run(process.execPath, [BIN, "verify", "--format", "json"]);
  const { decisions } = JSON.parse(stdout.toString()) as { decisions: { findings: { code: string }[] }[] };
  return { status, codes: decisions.flatMap(({ findings }) => findings.map(({ code }) => code)) };
}

describeWith(["git", "ssh-keygen", "SIGNPOLICY_TEST_SK_PROVIDER"], "a security key", () => {
  it.each(["ed25519-sk", "ecdsa-sk"] as const)("signs what counts, here and for git: %s", (type) => {
    useKey(type);
    expect(judged()).toEqual({ status: 0, codes: [] });
    expect(repo.run("git", ["verify-commit", "HEAD"]).status).toBe(0);
  });

  it("that wants no touch signs what git takes, and counts for nobody here (user-presence-missing)", () => {
    useKey("ed25519-sk", "-O", "no-touch-required");
    expect(judged()).toMatchObject({ status: 1, codes: expect.arrayContaining(["user-presence-missing"]) });
    expect(repo.run("git", ["verify-commit", "HEAD"]).status).toBe(0);
  });

  it("is tried by doctor, which tells of the touch (ssh.key, sign.live)", async () => {
    useKey("ed25519-sk");
    const rows: DoctorRow[] = [];
    const environment = { ...repo.env, ...ENV };
    const options = { directory: repo.dir, environment, now: Math.floor(Date.now() / 1000), terminal: false };
    await examineClone(options, (row) => void rows.push(row));
    const row = (id: string) => rows.find((one) => one.id === id);
    expect(row("ssh.key")).toMatchObject({ status: "pass", why: expect.stringContaining("touch it when it blinks") });
    expect(row("sign.live")).toMatchObject({ status: "pass", why: expect.stringContaining("by alice") });
  });
});

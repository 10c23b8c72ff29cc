/** Revocation lists that ssh-keygen makes, binary and as lines, taken over into a policy. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { exportKeys } from "../../src/check/keys-export.ts";
import { revokeListed, type RevokedList } from "../../src/check/keys-mark.ts";
import { isListed, readRevocationList } from "../../src/signature/ssh/revocation-list.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { Repo } from "../support/repo.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { describeWith } from "../support/tools.ts";

let repo: Repo;
let keygen: SshKeygen;
const lines = new Map<string, string>();
const now = 1_800_000_000;

beforeEach(() => {
  repo = new Repo();
  keygen = new SshKeygen();
  for (const name of ["alice", "bob", "carol", "ca", "other"]) lines.set(name, keygen.make(name, "ed25519").trim());
  lines.set("dave", keygen.make("dave", "rsa", 2048).trim());
  const keys = ["alice", "bob", "carol", "dave"].map(
    (name) => `  ${name}: { emails: [${name}@example.org], keys: [{ ssh: ${line(name)} }] }`,
  );
  const ca = `  team: { emails: [team@example.org], keys: [{ sshCa: ${line("ca")} }] }`;
  const rules = 'rules:\n  - { name: main, refs: [refs/heads/main], commits: { signedBy: ["*"] } }';
  writeFileSync(join(repo.dir, ".signpolicy.yaml"), ["version: 1", "principals:", ...keys, ca, rules, ""].join("\n"));
});

afterEach(() => {
  repo.remove();
  keygen.dispose();
});

const line = (name: string): string => lines.get(name) ?? "";
const fingerprint = (name: string): string => parseSshPublicKey(line(name)).fingerprint;
const policy = (): string => readFileSync(join(repo.dir, ".signpolicy.yaml"), "utf8");
const choice = () => ({ directory: repo.dir, environment: repo.env });

/** What `ssh-keygen -k` makes of a specification of keys. */
function krl(specification: readonly string[], options: readonly string[] = []): string {
  const source = keygen.write("source", `${specification.join("\n")}\n`);
  const file = keygen.path("list.krl");
  const made = spawnSync("ssh-keygen", ["-q", "-k", "-f", file, ...options, source]);
  if (made.status !== 0) throw new Error(made.stderr.toString("utf8"));
  return file;
}

const revoke = (list: string, since: number | true = true): Promise<RevokedList> =>
  revokeListed({ ...choice(), list, now }, since);
const markedIn = ({ marked }: RevokedList): readonly string[] => marked.map(({ principal }) => principal);

describeWith("ssh-keygen", "a revocation list", () => {
  it("of ssh-keygen -k marks the keys that it names in any of its ways, and no other", async () => {
    const done = await revoke(
      krl([line("alice"), `sha1: ${line("bob")}`, `sha256: ${line("dave")}`, line("other"), "# a comment"]),
    );
    expect(markedIn(done)).toEqual(["alice", "bob", "dave"]);
    expect(policy().match(/compromised: true/g)).toHaveLength(3);
    expect(policy()).toMatch(/carol: .*keys: \[\{ ssh: [^,]* \}\]/);
    expect(done.left).toEqual([expect.stringContaining("1 keys that the policy does not hold")]);
    const again = await revoke(keygen.path("list.krl"));
    expect(again).toMatchObject({ marked: [], written: [], known: ["alice", "bob", "dave"].map(fingerprint) });
  });

  it("is believed by ssh-keygen -Q and by us alike", () => {
    const file = krl([`hash: ${fingerprint("bob")}`, line("carol")]);
    const list = readRevocationList(readFileSync(file));
    for (const name of ["alice", "bob", "carol", "dave"]) {
      const { status } = spawnSync("ssh-keygen", ["-Q", "-f", file, keygen.path(`${name}.pub`)]);
      expect([name, isListed(list, parseSshPublicKey(line(name)))]).toEqual([name, status !== 0]);
    }
  });

  it("for certificates by serial number and key id says that a policy has no room for them, and marks a CA that it names", async () => {
    const of = ["-s", keygen.path("ca.pub")];
    const done = await revoke(krl(["serial: 1-5", "serial: 9", "serial: 100", "id: alice@laptop"], of));
    expect(done).toMatchObject({ marked: [], written: [] });
    expect(done.left).toEqual([
      expect.stringContaining(`not single certificates; revoke the CA (${fingerprint("ca")})`),
    ]);
    expect((await revoke(krl(["serial: 1"], ["-s", keygen.path("other.pub")]))).left).toEqual([]);
    expect(markedIn(await revoke(krl([line("ca")])))).toEqual(["team"]);
  });

  it("of lines marks keys and fingerprints since a time, only ever earlier", async () => {
    const file = keygen.write("lines", `# stolen\n${line("alice")}\r\n\n  ${fingerprint("bob")}\n`);
    const since = await revoke(file, now - 60);
    expect(markedIn(since)).toEqual(["alice", "bob"]);
    expect(policy().match(/compromised: 2027-01-15T07:59:00Z/g)).toHaveLength(2);
    expect((await revoke(file, now)).known).toHaveLength(2);
    expect(markedIn(await revoke(file))).toEqual(["alice", "bob"]);
    expect(policy().match(/compromised: true/g)).toHaveLength(2);
  });

  it("that we export is one that we take", async () => {
    await revoke(keygen.write("lines", line("bob")));
    const { text } = await exportKeys("revoked", choice(), now);
    expect((await revoke(keygen.write("exported", text))).known).toEqual([fingerprint("bob")]);
  });

  it("that is not understood as a whole marks nothing", async () => {
    const before = policy();
    const whole = readFileSync(krl([line("alice")]));
    const lists: [string, Buffer | string][] = [
      ["cut short", whole.subarray(0, -1)],
      ["with a byte more", Buffer.concat([whole, Buffer.of(9)])],
      ["with an unknown section", Buffer.concat([whole, Buffer.from("0900000000", "hex")])],
      ["of another format", Buffer.from(whole).fill(2, 11, 12)],
      ["with options", `no-pty ${line("alice")}\n`],
      ["with a certificate", `ssh-ed25519-cert-v01@openssh.com ${line("alice").split(" ")[1] ?? ""}\n`],
      ["with another key than it says", `ssh-rsa ${line("alice").split(" ")[1] ?? ""}\n`],
      ["with a private key", readFileSync(keygen.path("alice"))],
    ];
    for (const [name, content] of lists) {
      await expect(revoke(keygen.write("broken", content)).then(() => name)).rejects.toMatchObject({
        code: "ERR_USAGE",
      });
    }
    await expect(revoke(keygen.path("nowhere"))).rejects.toMatchObject({ code: "ERR_IO" });
    expect(policy()).toBe(before);
  });
});

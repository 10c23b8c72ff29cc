import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findSigningKey } from "../../../src/check/signing-key.ts";
import { GitConfig } from "../../../src/io/config.ts";

const FPR = "0123456789ABCDEF0123456789ABCDEF01234567";
const BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIF3Yl3ECV6hhqHSAIXl2dsZ1c9V4S2VsX1Yv5mHj3d3d";
const COMMITTER = { name: "A", email: "a@example.org", at: 1 };

let top: string;
beforeAll(() => {
  top = mkdtempSync(join(tmpdir(), "sp-key-"));
});
afterAll(() => rmSync(top, { recursive: true, force: true }));

const find = (settings: Record<string, string | null>) =>
  findSigningKey(
    new GitConfig(Object.entries(settings).map(([key, value]) => ({ scope: "local", key, value }))),
    COMMITTER,
    { top, environment: { PATH: process.env["PATH"] } },
  );

function program(name: string, script: string): string {
  const file = join(top, name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
  return file;
}

describe("the key git signs with", () => {
  it.each(["true", "yes", "on", "1", null])("is looked for when commit.gpgsign is %p", async (value) => {
    expect(await find({ "commit.gpgsign": value, "user.signingkey": FPR })).toMatchObject({ kind: "openpgp", id: FPR });
  });

  it.each(["false", "no", "off", "0", "", "nonsense"])(
    "is none when commit.gpgsign is %p (unsigned)",
    async (value) => {
      expect(await find({ "commit.gpgsign": value })).toMatchObject({ kind: "none", code: "unsigned" });
    },
  );

  it("is none without the setting, which the fix turns on (unsigned)", async () => {
    expect(await find({})).toMatchObject({ code: "unsigned", fix: "git config commit.gpgsign true" });
  });

  it.each([
    [FPR, FPR, false],
    [`0x${FPR.toLowerCase()}`, FPR, false],
    [FPR.slice(-16), FPR.slice(-16), false],
    [`${FPR}!`, FPR, true],
  ])("is told by %s where gpg tells nothing", async (named, id, exact) => {
    const settings = { "commit.gpgsign": "true", "user.signingkey": named, "gpg.program": "/nowhere" };
    expect(await find(settings)).toEqual({ kind: "openpgp", id, exact });
  });

  it("is the first usable one that the signer lists for an e-mail", async () => {
    const old = "F".repeat(40);
    const listing = [
      `sec:e:255:22:${old.slice(-16)}:1:2::u:::scESC:::+:::23::0:`,
      `fpr:::::::::${old}:`,
      `sec:u:255:22:${FPR.slice(-16)}:1:::u:::scESC:::+:::23::0:`,
      `fpr:::::::::${FPR}:`,
      "grp:::::::::00:",
    ].join("\n");
    const gpg = program("gpg", `echo "$*" >"${top}/args"; cat <<'E'\n${listing}\nE`);
    const found = await find({ "commit.gpgsign": "true", "user.signingkey": "a@example.org", "gpg.program": gpg });
    expect(found).toEqual({ kind: "openpgp", id: FPR, exact: true });
    expect(await find({ "commit.gpgsign": "true", "gpg.program": gpg })).toEqual(found);
  });

  it("is the newest subkey that signs, unless `!` names another", async () => {
    const [old, fresh] = ["A".repeat(40), "B".repeat(40)];
    const listing = [
      `sec:u:255:22:${FPR.slice(-16)}:1:::u:::cSC:::+:::23::0:`,
      `fpr:::::::::${FPR}:`,
      `ssb:u:255:22:${old.slice(-16)}:1::::::s:::+:::23:`,
      `fpr:::::::::${old}:`,
      `ssb:u:255:22:${fresh.slice(-16)}:2::::::s:::+:::23:`,
      `fpr:::::::::${fresh}:`,
    ].join("\n");
    const gpg = program("subkeys", `cat <<'E'\n${listing}\nE`);
    const named = (key: string) => find({ "commit.gpgsign": "true", "user.signingkey": key, "gpg.program": gpg });
    for (const key of [FPR, old, FPR.slice(-16), "a@example.org"])
      expect(await named(key)).toEqual({ kind: "openpgp", id: fresh, exact: true });
    expect(await named(`${old}!`)).toEqual({ kind: "openpgp", id: old, exact: true });
  });

  it("is unknown when the signer has none, or cannot be run (unknown-key)", async () => {
    for (const gpg of [program("none", "exit 2"), join(top, "missing"), program("odd", "echo sec")]) {
      const found = await find({ "commit.gpgsign": "true", "user.signingkey": "a@example.org", "gpg.program": gpg });
      expect(found).toMatchObject({ kind: "none", code: "unknown-key" });
    }
  });

  it("hands an e-mail that looks like an option over as a name", async () => {
    const gpg = program("args", `for word; do echo "[$word]"; done >"${top}/words"; exit 2`);
    await find({ "commit.gpgsign": "true", "user.signingkey": "--export-secret-keys", "gpg.program": gpg });
    const { readFileSync } = await import("node:fs");
    expect(readFileSync(join(top, "words"), "utf8")).toMatch(/\[--\]\n\[--export-secret-keys\]\n$/);
  });

  it("is unsupported in another format (unsupported)", async () => {
    expect(await find({ "commit.gpgsign": "true", "gpg.format": "x509" })).toMatchObject({ code: "unsupported" });
  });
});

describe("the SSH key git signs with", () => {
  const ssh = (settings: Record<string, string>) =>
    find({ "commit.gpgsign": "true", "gpg.format": "ssh", ...settings });
  const expected = { kind: "ssh", blob: Buffer.from(BLOB, "base64") };

  it("is literal, in a .pub file, or beside the private key", async () => {
    writeFileSync(join(top, "id.pub"), `ssh-ed25519 ${BLOB} me@host\n`);
    for (const named of [
      `ssh-ed25519 ${BLOB}`,
      `key::ssh-ed25519 ${BLOB} comment`,
      join(top, "id.pub"),
      join(top, "id"),
      "id.pub",
    ]) {
      expect(await ssh({ "user.signingkey": named })).toEqual(expected);
    }
  });

  it("is in the private key's file where nothing stands beside it", async () => {
    const text = (value: string) => {
      const bytes = Buffer.from(value, "latin1");
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return Buffer.concat([length, bytes]);
    };
    const one = Buffer.from([0, 0, 0, 1]);
    const blob = Buffer.from(BLOB, "base64").toString("latin1");
    const key = Buffer.concat([Buffer.from("openssh-key-v1\0"), text("none"), text("none"), text(""), one, text(blob)]);
    const body = (key.toString("base64").match(/.{1,70}/g) ?? []).join("\n");
    writeFileSync(
      join(top, "alone"),
      `-----BEGIN OPENSSH PRIVATE KEY-----\n${body}\n-----END OPENSSH PRIVATE KEY-----\n`,
    );
    expect(await ssh({ "user.signingkey": join(top, "alone") })).toEqual(expected);
  });

  it("is what gpg.ssh.defaultKeyCommand prints first", async () => {
    const list = program("list keys", `echo "$1"; echo 'ssh-ed25519 ${BLOB} a'; echo 'ssh-ed25519 AAAA b'`);
    expect(await ssh({ "gpg.ssh.defaultkeycommand": `"${list}" 'not a key'` })).toEqual(expected);
    expect(await ssh({ "gpg.ssh.defaultkeycommand": program("empty", "true") })).toMatchObject({ code: "unknown-key" });
  });

  it.each(["", "/nowhere/id", "key::", "ssh-ed25519", "key::ssh-ed25519 not/base64!"])(
    "is unknown for %j (unknown-key)",
    async (named) => {
      expect(await ssh({ "user.signingkey": named })).toMatchObject({ kind: "none", code: "unknown-key" });
    },
  );
});

/** Where no agent runs, the key files say what one would find. With an agent: test/hooks/preflight-alone.test.ts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { lockedKey } from "../../../src/check/locked-key.ts";

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "sp-locked-"));
  mkdirSync(join(home, "private-keys-v1.d"));
  pinentry("pinentry-curses");
});
afterEach(() => rmSync(home, { recursive: true }));

function pinentry(name: string): void {
  writeFileSync(join(home, name), "");
  writeFileSync(join(home, "gpg-agent.conf"), `# set up by hand\npinentry-program ${join(home, name)}\n`);
}
const key = (name: string, text: string): void => writeFileSync(join(home, "private-keys-v1.d", `${name}.key`), text);
const look = (more: Readonly<Record<string, string>> = {}) =>
  lockedKey({ kind: "openpgp", id: "AB".repeat(20) }, { HOME: home, GNUPGHOME: home, ...more });

const OLD = "(21:protected-private-key(3:rsa(1:n257:";
const NEW = "Created: 20260101T000000\nKey: (protected-private-key (ecc (curve Ed25519)";
const OPEN = "(11:private-key(3:ecc(5:curve7:Ed25519)";
const CARD = "Key: (shadowed-private-key (rsa (n #00#)";

describe("an OpenPGP key where no agent runs", () => {
  it.each([OLD, NEW])("is locked where every key has a passphrase: %j", async (text) => {
    key("A", text);
    key("B", NEW);
    expect(await look()).toEqual({
      why: expect.stringContaining("gpg-agent does not remember the passphrase"),
      fix: `echo x | gpg -u ${"AB".repeat(20)} --clearsign >/dev/null`,
    });
  });

  it.each([
    ["a key without a passphrase", () => key("B", OPEN)],
    ["a key on a card", () => key("B", CARD)],
    ["no key at all", () => rmSync(join(home, "private-keys-v1.d", "A.key"))],
    ["no folder of keys", () => rmSync(join(home, "private-keys-v1.d"), { recursive: true })],
    ["a pinentry that nobody knows", () => pinentry("pinentry-mac")],
    ["no pinentry", () => writeFileSync(join(home, "gpg-agent.conf"), "pinentry-program /nowhere/pinentry-curses\n")],
    ["a passphrase in gpg.conf", () => writeFileSync(join(home, "gpg.conf"), "passphrase-file /etc/secret\n")],
    ["a socket that lies elsewhere", () => writeFileSync(join(home, "S.gpg-agent"), "%Assuan%\nsocket=/run/x\n")],
  ])("is left to gpg with %s", async (_, change) => {
    key("A", OLD);
    expect(await look()).not.toBeNull();
    change();
    expect(await look()).toBeNull();
  });

  it("is left to GNOME's pinentry where there is a session's bus", async () => {
    key("A", OLD);
    pinentry("pinentry-gnome3");
    expect(await look({ DBUS_SESSION_BUS_ADDRESS: "unix:path=/run/user/1000/bus" })).toBeNull();
    expect(await look({ DBUS_SESSION_BUS_ADDRESS: "" })).not.toBeNull();
  });
});

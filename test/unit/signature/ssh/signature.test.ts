import { describe, expect, it } from "@jest/globals";
import { verifyInPool } from "../../../../src/signature/raw.ts";
import { parseSshPublicKey } from "../../../../src/signature/ssh/key.ts";
import { proveSignature, userPresent, userVerified } from "../../../../src/signature/ssh/prove.ts";
import { readSshSignature } from "../../../../src/signature/ssh/signature.ts";
import { ALGORITHMS, ecdsaKey, ed25519Key, rsaKey, skEd25519Key, text } from "../../../support/ssh.ts";
import type { TestKey } from "../../../support/ssh.ts";

const MESSAGE = text("message");
const read = (key: TestKey, options = {}) =>
  readSshSignature(key.sign(MESSAGE, options), parseSshPublicKey(key.line), ALGORITHMS);

describe("readSshSignature and proveSignature", () => {
  it.each([
    [ed25519Key(), null],
    [ecdsaKey("nistp256"), "sha256"],
    [ecdsaKey("nistp384"), "sha384"],
    [ecdsaKey("nistp521"), "sha512"],
    [rsaKey(), "sha512"],
  ])("read and prove what a key made", async (key, hash) => {
    const signature = read(key);
    if ("code" in signature) throw new Error(signature.detail);
    expect(signature.hash).toBe(hash);
    expect(await proveSignature(parseSshPublicKey(key.line), signature, MESSAGE, verifyInPool)).toBe(true);
    expect(await proveSignature(parseSshPublicKey(key.line), signature, text("other"), verifyInPool)).toBe(false);
  });
  it("read the flags and the counter of a FIDO key", () => {
    const signature = read(skEd25519Key(), { flags: 5, counter: 0xfffffffe });
    if ("code" in signature || signature.presence === null) throw new Error("no presence");
    expect(signature.presence).toEqual({ flags: 5, counter: 0xfffffffe });
    expect(userPresent(signature.presence)).toBe(true);
    expect(userVerified(signature.presence)).toBe(true);
    expect(userVerified({ flags: 1, counter: 0 })).toBe(false);
    expect(userPresent({ flags: 0xfe, counter: 0 })).toBe(false);
  });
  it("give the reason where a signature cannot stand", () => {
    expect(read(rsaKey(), { format: "ssh-rsa" })).toMatchObject({ code: "weak-algorithm" });
    expect(read(ed25519Key(), { forge: (raw: Buffer) => raw.fill(0xff) })).toMatchObject({ code: "bad-signature" });
    expect(() => read(ed25519Key(), { format: "ssh-ed448" })).toThrowCode("ERR_PARSE");
  });
});

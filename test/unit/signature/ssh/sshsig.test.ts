import { describe, expect, it } from "@jest/globals";
import { readSshSig, signedData } from "../../../../src/signature/ssh/sshsig.ts";
import { ALGORITHMS, ed25519Key, signedStructure, sshSigBlob, text } from "../../../support/ssh.ts";

const key = ed25519Key();
const PAYLOAD = text("payload");
const read = (options = {}) => readSshSig(sshSigBlob(key, PAYLOAD, options), ALGORITHMS);

describe("readSshSig", () => {
  it("reads the parts of a signature", () => {
    const sig = read({ hash: "sha256" });
    if ("code" in sig) throw new Error(sig.detail);
    expect(sig).toMatchObject({ namespace: "git", hash: "sha256" });
    expect(Buffer.from(sig.publicKey).equals(key.blob)).toBe(true);
  });
  it("says why others cannot stand", () => {
    expect(read({ namespace: "file" })).toMatchObject({ code: "wrong-namespace" });
    expect(read({ version: 2 })).toMatchObject({ code: "unsupported" });
    expect(read({ hash: "sha1" })).toMatchObject({ code: "weak-algorithm" });
  });
  it("refuses what is no container (ERR_PARSE)", () => {
    expect(() => readSshSig(text("SSHSI"), ALGORITHMS)).toThrowCode("ERR_PARSE");
    expect(() => read({ trailing: text("x") })).toThrowCode("ERR_PARSE");
    expect(() => read({ reserved: "x" })).toThrowCode("ERR_PARSE");
  });
});

describe("signedData", () => {
  it("builds the structure that PROTOCOL.sshsig has signed", () => {
    const sig = read();
    if ("code" in sig) throw new Error(sig.detail);
    expect(Buffer.from(signedData(sig, PAYLOAD)).equals(signedStructure(PAYLOAD))).toBe(true);
    expect(Buffer.from(signedData(sig, text("other"))).equals(signedStructure(PAYLOAD))).toBe(false);
  });
});

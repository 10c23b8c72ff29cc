import { describe, expect, it } from "@jest/globals";
import { encodeBase64 } from "../../../../src/encoding/base64.ts";
import { concatBytes } from "../../../../src/encoding/bytes.ts";
import type { Bytes } from "../../../../src/model.ts";
import { KeyError } from "../../../../src/errors.ts";
import { keyObject, parseSshPublicKey, readSshPublicKey } from "../../../../src/signature/ssh/key.ts";
import {
  certify,
  ecdsaKey,
  ed25519Key,
  mpint,
  rsaKey,
  skEcdsaKey,
  skEd25519Key,
  strings,
} from "../../../support/ssh.ts";

// Made by ssh-keygen 9.2, with what `ssh-keygen -lf` prints.
const ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH5g0vkZs1UWmxdChKZ2uxB/P7AVay/2CFkD2i8C2ljw";
const FINGERPRINT = "SHA256:+ih48Cf4F82p/A53a4hQN24FCUVSu1hOlx9+iLswPpM";

const lineOf = (type: string, blob: Bytes): string => `${type} ${encodeBase64(blob)}`;
const problem = (text: string): string => {
  try {
    parseSshPublicKey(text);
  } catch (error) {
    if (error instanceof KeyError) return error.message;
    throw error;
  }
  return "none";
};

describe("parseSshPublicKey", () => {
  it.each([
    ["ed25519", 256, ed25519Key()],
    ["ecdsa-p256", 256, ecdsaKey("nistp256")],
    ["ecdsa-p384", 384, ecdsaKey("nistp384")],
    ["ecdsa-p521", 521, ecdsaKey("nistp521")],
    ["rsa", 2048, rsaKey()],
    ["sk-ed25519", 256, skEd25519Key()],
    ["sk-ecdsa-p256", 256, skEcdsaKey()],
  ] as const)("reads a key of type %s", (algorithm, bits, made) => {
    const key = parseSshPublicKey(made.line);
    expect(key).toMatchObject({ type: made.type, algorithm, bits });
    expect(Buffer.from(key.blob).equals(made.blob)).toBe(true);
    expect(key.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/u);
    expect(keyObject(key)).toBe(keyObject(key));
  });
  it("reads it with or without a comment and a line end", () => {
    for (const text of [
      ED25519,
      `${ED25519}\n`,
      `${ED25519} alice@laptop\r\n`,
      `${ED25519}  two words `,
      `${ED25519}\tx`,
    ]) {
      expect(parseSshPublicKey(text).fingerprint).toBe(FINGERPRINT);
    }
  });
  it.each([
    ["nothing", "", "is empty"],
    ["blank text", " \n", "is empty"],
    ["a type alone", "ssh-ed25519", "the key itself is missing"],
    ["a word", "hello world", "key type that signpolicy knows"],
    ["options in front", `cert-authority ${ED25519}`, "without options"],
    ["an allowed_signers line", `alice@example.org namespaces="git" ${ED25519}`, "without options"],
    ["a space in front", ` ${ED25519}`, "starts with a space"],
    ["two lines", `${ED25519}\n${ED25519}`, "more than one line"],
    ["a NUL", `${ED25519} \0`, "more than one line"],
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "the .pub file"],
    ["RFC 4716 format", "---- BEGIN SSH2 PUBLIC KEY ----\nAAAA", "not OpenSSH's own format"],
    ["a PEM key", "-----BEGIN PUBLIC KEY-----\nAAAA", "not OpenSSH's own format"],
    ["a DSA key", "ssh-dss AAAA", "DSA"],
    ["a property of objects", "constructor AAAA", "key type that signpolicy knows"],
    ["base64 without padding", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA", "one line"],
    ["stray characters", `${ED25519.slice(0, -4)}*${ED25519.slice(-4)}`, "one line"],
    ["a cut key", ED25519.slice(0, -8), "one line"],
  ])("refuses %s and says what it expected (ERR_KEY_INVALID)", (_, text, message) => {
    expect(() => parseSshPublicKey(text)).toThrowCode("ERR_KEY_INVALID");
    expect(problem(text)).toContain(message);
  });
  it("refuses a line whose type is not that of the key inside (ERR_KEY_INVALID)", () => {
    expect(problem(ED25519.replace("ssh-ed25519", "ssh-rsa"))).toContain("the same type in both");
  });
  it("refuses a certificate and names the CA as what belongs there (ERR_KEY_INVALID)", () => {
    const blob = certify(ed25519Key(), ed25519Key());
    expect(problem(lineOf("ssh-ed25519-cert-v01@openssh.com", blob))).toContain("sshCa");
  });
  it("refuses a point that is not on its curve (ERR_KEY_INVALID)", () => {
    const { blob, type } = ecdsaKey("nistp256");
    const moved = Buffer.from(blob);
    moved[moved.length - 1] = (moved.at(-1) ?? 0) ^ 1;
    expect(problem(lineOf(type, moved))).toContain("not on its curve");
  });
});

describe("readSshPublicKey", () => {
  const refuse = (blob: Bytes): void => expect(() => readSshPublicKey(blob)).toThrowCode("ERR_PARSE");
  const point = (y: string, top = 0): Bytes => {
    const bytes = Buffer.from(y, "hex");
    bytes[31] = (bytes[31] ?? 0) | top;
    return strings("ssh-ed25519", bytes);
  };

  it("refuses trailing bytes, certificates and types it does not know (ERR_PARSE)", () => {
    const key = ed25519Key();
    refuse(concatBytes(key.blob, Uint8Array.of(0)));
    refuse(certify(key, key));
    refuse(strings("toString", "x"));
    refuse(new Uint8Array());
  });
  it.each([
    ["0", "0000000000000000000000000000000000000000000000000000000000000000"],
    ["1", "0100000000000000000000000000000000000000000000000000000000000000"],
    ["-1", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["order 8 again", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
  ])(
    "refuses the Ed25519 point with y = %s, for which anybody signs or which has two spellings (ERR_PARSE)",
    (_, y) => {
      refuse(point(y));
      refuse(point(y, 0x80));
    },
  );
  it("refuses an Ed25519 key of another length (ERR_PARSE)", () => {
    refuse(strings("ssh-ed25519", Buffer.alloc(31, 5)));
    refuse(strings("ssh-ed25519", Buffer.alloc(33, 5)));
  });
  it("refuses compressed points, short points and foreign curve names (ERR_PARSE)", () => {
    const type = "ecdsa-sha2-nistp256";
    const uncompressed = concatBytes(Uint8Array.of(4), Buffer.alloc(64, 1));
    refuse(strings(type, "nistp256", concatBytes(Uint8Array.of(2), Buffer.alloc(32, 1))));
    refuse(strings(type, "nistp256", uncompressed.subarray(1)));
    refuse(strings(type, "nistp256", Uint8Array.of(0)));
    refuse(strings(type, "nistp384", uncompressed));
    expect(readSshPublicKey(strings(type, "nistp256", uncompressed)).bits).toBe(256);
  });
  it("refuses RSA numbers that no key maker writes (ERR_PARSE)", () => {
    const modulus = concatBytes(Buffer.alloc(256, 0xff));
    const rsa = (e: Bytes, n: Bytes): Bytes => strings("ssh-rsa", mpint(e), mpint(n));
    const e = Uint8Array.of(1, 0, 1);
    expect(readSshPublicKey(rsa(e, modulus)).bits).toBe(2048);
    expect(readSshPublicKey(rsa(Uint8Array.of(3), modulus)).bits).toBe(2048);
    for (const exponent of [[], [1], [2], [1, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 1]]) {
      refuse(rsa(Uint8Array.from(exponent), modulus));
    }
    refuse(rsa(e, concatBytes(Buffer.alloc(255, 0xff), Uint8Array.of(0xfe))));
    refuse(rsa(e, Buffer.alloc(127, 0xff)));
    refuse(rsa(e, Buffer.alloc(2049, 0xff)));
    refuse(strings("ssh-rsa", e, modulus));
    refuse(strings("ssh-rsa", Uint8Array.of(0, 1, 0, 1), mpint(modulus)));
  });
});

import { describe, expect, it } from "@jest/globals";
import { latin1 } from "../../../src/encoding/bytes.ts";
import { parsePushCertificate } from "../../../src/subject/push-certificate.ts";
import { ARMOR, SSH_ARMOR } from "../../support/objects.ts";

const A = "a".repeat(40);
const B = "b".repeat(40);
const ZERO = "0".repeat(40);
const nonce = `1700000000-${"c".repeat(40)}`;
const HEAD = `certificate version 0.1\npusher Alice <alice@example.org> 1700000000 +0100\npushee /srv/a.git\nnonce ${nonce}\n`;
const MOVES = `${ZERO} ${A} refs/heads/main\n${A} ${B} refs/heads/next\n${A} ${ZERO} refs/heads/old\n`;
const parse = (text: string, algorithm: "sha1" | "sha256" = "sha1") =>
  parsePushCertificate(Buffer.from(text, "latin1"), algorithm);

describe("parsePushCertificate", () => {
  it("reads what send-pack.c writes", () => {
    const certificate = parse(`${HEAD}push-option a b=c\npush-option \n\n${MOVES}${SSH_ARMOR}`);
    expect(certificate).toMatchObject({
      pusher: "Alice <alice@example.org>",
      at: 1_700_000_000,
      pushee: "/srv/a.git",
      nonce,
      options: ["a b=c", ""],
      updates: [
        { ref: "refs/heads/main", old: null, new: A },
        { ref: "refs/heads/next", old: A, new: B },
        { ref: "refs/heads/old", old: A, new: null },
      ],
    });
    expect(latin1(certificate.payload)).toBe(`${HEAD}push-option a b=c\npush-option \n\n${MOVES}`);
    expect(certificate.signatures.map(({ format, bytes }) => [format, latin1(bytes)])).toEqual([["ssh", SSH_ARMOR]]);
  });

  it("reads a key's fingerprint for a pusher, with the two blanks that git puts behind it, and no URL or nonce", () => {
    const text = `certificate version 0.1\npusher SHA256:abc  1700000000 -0830\n\n${MOVES}${ARMOR}`;
    expect(parse(text)).toMatchObject({ pusher: "SHA256:abc", at: 1_700_000_000, pushee: null, nonce: null });
  });

  it("takes one that nobody signed for what it is", () => {
    expect(parse(`${HEAD}\n${MOVES}`).signatures).toEqual([]);
  });

  it("takes everything behind the first armor line for the signature, so that no second one is payload", () => {
    const certificate = parse(`${HEAD}\n${MOVES}${ARMOR}${A} ${B} refs/heads/more\n${SSH_ARMOR}`);
    expect(certificate.updates).toHaveLength(3);
    expect(certificate.signatures.map(({ bytes }) => latin1(bytes))).toEqual([
      `${ARMOR}${A} ${B} refs/heads/more\n${SSH_ARMOR}`,
    ]);
  });

  it.each([
    ["another version", `${HEAD.replace("0.1", "0.2")}\n${MOVES}`],
    ["no version", `${HEAD.slice(HEAD.indexOf("pusher"))}\n${MOVES}`],
    ["no pusher", `${HEAD.replace(/pusher.*\n/, "")}\n${MOVES}`],
    ["a pusher without a date", `${HEAD.replace(" 1700000000 +0100", "")}\n${MOVES}`],
    ["a date that overflows", `${HEAD.replace("1700000000 +", "9999999999999999 +")}\n${MOVES}`],
    ["a second pusher", `${HEAD}pusher Eve <eve@example.org> 1 +0000\n\n${MOVES}`],
    ["a second nonce", `${HEAD}nonce ${nonce}\n\n${MOVES}`],
    ["headers in another order", `${HEAD.replace(/(pushee.*\n)(nonce.*\n)/, "$2$1")}\n${MOVES}`],
    ["a header that no certificate has", `${HEAD}atomic yes\n\n${MOVES}`],
    ["no blank line", `${HEAD}${MOVES}`],
    ["no refs", `${HEAD}\n${ARMOR}`],
    ["a ref that is named twice", `${HEAD}\n${MOVES}${A} ${B} refs/heads/main\n`],
    ["a ref that none is", `${HEAD}\n${A} ${B} HEAD\n`],
    ["ids of another algorithm", `${HEAD}\n${"a".repeat(64)} ${"b".repeat(64)} refs/heads/main\n`],
    ["a shortened id", `${HEAD}\n${A.slice(0, 12)} ${B} refs/heads/main\n`],
    ["a blank line between the refs", `${HEAD}\n${A} ${B} refs/heads/a\n\n${A} ${B} refs/heads/b\n`],
    ["text between the refs and the signature", `${HEAD}\n${MOVES}more\n${ARMOR}`],
    ["a line that is cut off", `${HEAD}\n${MOVES}`.slice(0, -1)],
    ["a carriage return", `${HEAD}\n${MOVES.replace("main\n", "main\r\n")}`],
    ["a NUL", `${HEAD.replace("Alice", "Al\0ice")}\n${MOVES}`],
    ["nothing", ""],
  ])("refuses %s (ERR_PARSE)", (_, text) => {
    expect(() => parse(text)).toThrowCode("ERR_PARSE");
  });

  it("takes no longer for a line of blanks than for another, however long it is (attack 76)", () => {
    const blanks = " ".repeat(4 * 1024 * 1024);
    const start = performance.now();
    expect(() => parse(`${HEAD.replace("Alice", `Alice${blanks}x`)}\n${MOVES}`)).not.toThrow();
    expect(() => parse(`${HEAD.replace("+0", `+${blanks}`)}\n${MOVES}`)).toThrowCode("ERR_PARSE");
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

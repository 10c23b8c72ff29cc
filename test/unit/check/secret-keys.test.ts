import { expect, it } from "@jest/globals";
import { readSecretKeys } from "../../../src/check/secret-keys.ts";

const [PRIMARY, A, B, C] = ["0", "A", "B", "C"].map((digit) => digit.repeat(40));

/** doc/DETAILS of GnuPG: validity, creation, capabilities and token of one record, and its fingerprint. */
const part = (type: string, fingerprint = "", validity: string, created: number, usage: string, token = "+") =>
  `${type}:${validity}:255:22:${fingerprint.slice(-16)}:${created}::::::${usage}:::${token}:::23::0:\nfpr:::::::::${fingerprint}:`;

const read = (...parts: readonly string[]) => readSecretKeys(`tru::1:1:0:3:1:5\n${parts.join("\n")}\n`);

it("names the newest subkey that signs first, then older ones, then the primary key", () => {
  const [key] = read(
    part("sec", PRIMARY, "u", 9, "scSC"),
    part("ssb", A, "u", 1, "s"),
    part("ssb", B, "u", 3, "s"),
    part("ssb", C, "u", 3, "s"),
  );
  expect(key).toMatchObject({ fingerprint: PRIMARY, usable: true, signing: [B, C, A, PRIMARY] });
});

it("leaves out what is expired or revoked, has no private half or does not sign", () => {
  const [key] = read(
    part("sec", PRIMARY, "u", 1, "cSC"),
    part("ssb", A, "e", 5, "s"),
    part("ssb", B, "u", 6, "s", "#"),
    part("ssb", C, "u", 7, "e"),
    part("ssb", "D".repeat(40), "r", 8, "s"),
    part("ssb", "E".repeat(40), "u", 2, "s", "D2760001240102010006000000010000"),
  );
  expect(key).toMatchObject({ usable: true, signing: ["E".repeat(40)] });
  expect(key?.parts).toHaveLength(6);
});

it("takes a key that has ended, or that signs with no part of it, for one that does not sign", () => {
  const keys = read(part("sec", A, "e", 1, "scSC"), part("sec", B, "u", 1, "cC"), part("sec", C, "u", 1, "scSC"));
  expect(keys.map(({ usable, signing }) => [usable, signing.length])).toEqual([
    [false, 0],
    [false, 0],
    [true, 1],
  ]);
  expect(readSecretKeys("sec\nfpr:x")).toEqual([]);
});

import { describe, expect, it } from "@jest/globals";
import { armorLabel, crc24, decodeArmor } from "../../../src/encoding/armor.ts";
import type { ArmorLabel } from "../../../src/encoding/armor.ts";
import { fromLatin1, latin1 } from "../../../src/encoding/bytes.ts";

const decode = (text: string, label: ArmorLabel = "PGP SIGNATURE") => latin1(decodeArmor(fromLatin1(text), label));
const pgp = (body: string, label = "PGP SIGNATURE") => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const CRC = `=${Buffer.from([0x4f, 0xa6, 0x37]).toString("base64")}`;
const crcOf = (text: string) => {
  const sum = Buffer.alloc(3);
  sum.writeUIntBE(crc24(Buffer.from(text)), 0, 3);
  return `=${sum.toString("base64")}`;
};

describe("armorLabel", () => {
  it("names the block at the first byte", () => {
    expect(armorLabel(fromLatin1(pgp("\nZm8=")))).toBe("PGP SIGNATURE");
    expect(armorLabel(fromLatin1("-----BEGIN SSH SIGNATURE-----"))).toBe("SSH SIGNATURE");
  });
  it("finds none elsewhere", () => {
    expect(armorLabel(fromLatin1(` ${pgp("\nZm8=")}`))).toBeNull();
    expect(armorLabel(fromLatin1("-----BEGIN \x1b[31m-----"))).toBeNull();
    expect(armorLabel(fromLatin1("-----BEGIN -----"))).toBeNull();
    expect(armorLabel(fromLatin1("-----BEGIN PGP SIGNATURE"))).toBeNull();
    expect(armorLabel(new Uint8Array())).toBeNull();
  });
});

describe("decodeArmor", () => {
  it("reads a block with headers and checksum", () => {
    expect(decode(pgp(`Version: GnuPG v1\nComment:\n\nZm9v\nYmFy\n${crcOf("foobar")}`))).toBe("foobar");
  });
  it("reads a block without headers and without checksum (RFC 9580 §6.1)", () => {
    expect(decode(pgp("\nZm9vYmFy"))).toBe("foobar");
    expect(decode(pgp("\nZm8="))).toBe("fo");
  });
  it("reads CRLF lines, and the blank line that GitHub writes behind a signature", () => {
    expect(decode(pgp(`\nZm9vYmFy\n${crcOf("foobar")}`).replaceAll("\n", "\r\n"))).toBe("foobar");
    expect(decode(`${pgp("\nZm9vYmFy")}\n`)).toBe("foobar");
    expect(decode(pgp("\nZm9vYmFy").trimEnd())).toBe("foobar");
  });
  it("reads SSH signatures, whose lines break anywhere", () => {
    expect(decode(pgp("Zm9vY\nmFyZ\ng==", "SSH SIGNATURE"), "SSH SIGNATURE")).toBe("foobarf");
  });
  it("lets blank lines stand around a key, but no other text", () => {
    const key = pgp("\nZm9v", "PGP PUBLIC KEY BLOCK");
    expect(decode(`\n \r\n${key}\n\n`, "PGP PUBLIC KEY BLOCK")).toBe("foo");
    expect(() => decode(`my key\n${key}`, "PGP PUBLIC KEY BLOCK")).toThrowCode("ERR_PARSE");
  });
  it("computes CRC-24 as RFC 9580 §6.1.1 does", () => {
    expect(crc24(Buffer.from("123456789"))).toBe(0x21cf02);
    expect(crc24(new Uint8Array())).toBe(0xb704ce);
    const bitwise = (data: Uint8Array): number =>
      data.reduce((sum, byte) => {
        let crc = sum ^ (byte << 16);
        for (let bit = 0; bit < 8; bit += 1) crc = (crc & 0x800000 ? (crc << 1) ^ 0x864cfb : crc << 1) & 0xffffff;
        return crc;
      }, 0xb704ce);
    // Every byte in each place of a group of three, and every length of what is left behind the last.
    for (let length = 0; length < 800; length += 1) {
      const data = Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 0xff);
      expect(crc24(data)).toBe(bitwise(data));
    }
  });
  it.each([
    ["text in front", `x\n${pgp("\nZm9v")}`],
    ["a blank line in front of a signature", `\n${pgp("\nZm9v")}`],
    ["text behind", `${pgp("\nZm9v")}x\n`],
    ["a form feed behind", `${pgp("\nZm9v")}\f\n`],
    ["two blocks", pgp("\nZm9v") + pgp("\nZm9v")],
    ["another label", pgp("\nZm9v", "PGP MESSAGE")],
    ["a BEGIN line that goes on", pgp("\nZm9v").replace("-----\n", "-----x\n")],
    ["BEGIN and END that differ", pgp("\nZm9v").replace("END PGP SIGNATURE", "END PGP MESSAGE")],
    ["no END", "-----BEGIN PGP SIGNATURE-----\n\nZm9v\n"],
    ["only BEGIN", "-----BEGIN PGP SIGNATURE-----\n"],
    ["nothing", ""],
    ["no data", pgp("")],
    ["only a checksum", pgp(`\n${crcOf("")}`)],
    ["no blank line before the data", pgp("Zm9v")],
    ["headers and nothing else", pgp("Version: 1")],
    ["a header that is none", pgp("Version 1\n\nZm9v")],
    ["a wrong checksum", pgp(`\nZm9v\n${CRC}`)],
    ["a checksum cut short", pgp("\nZm9v\n=AAA")],
    ["a checksum of one byte", pgp("\nZm9v\n=AA==")],
    ["two checksums", pgp(`\nZm9v\n${crcOf("foo")}\n${crcOf("foo")}`)],
    ["a blank line in the data", pgp("\nZm9v\n\nYmFy")],
    ["characters that are no base64", pgp("\nZm9v\nYm!y")],
    ["a blank inside a line", pgp("\nZm 9v")],
    ["padding inside", pgp("\nZm8=\nZm9v")],
    ["trailing bits", pgp("\nZm9=")],
  ])("refuses %s", (_, text) => {
    expect(() => decode(text)).toThrowCode("ERR_PARSE");
  });
  it("reads no OpenPGP headers in SSH armor", () => {
    expect(() => decode(pgp("Version: 1\n\nZm9v", "SSH SIGNATURE"), "SSH SIGNATURE")).toThrowCode("ERR_PARSE");
    expect(() => decode(pgp(`Zm9v\n${crcOf("foo")}`, "SSH SIGNATURE"), "SSH SIGNATURE")).toThrowCode("ERR_PARSE");
  });
});

import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { crc24, decodeArmor } from "../../src/encoding/armor.ts";
import { decodeBase64, encodeBase64 } from "../../src/encoding/base64.ts";
import { equalBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { fromHex, toHex } from "../../src/encoding/hex.ts";
import { parseRefName } from "../../src/encoding/identifiers.ts";
import { SshReader } from "../../src/encoding/ssh-wire.ts";
import { escapeJsonText, escapeTerminal } from "../../src/encoding/text.ts";
import { formatTime, parseTime } from "../../src/encoding/time.ts";
import { ParseError } from "../../src/errors.ts";
import { arbitraryBytes, latin1Text } from "../support/arbitraries.ts";
import { itHolds } from "../support/fuzz.ts";

const anyText = fc.oneof(latin1Text(80), fc.string({ unit: "binary", maxLength: 40 }), fc.string({ maxLength: 40 }));

/** What `decode` makes of any text is nothing, or stands for exactly that text. */
function isStrict(text: string, decode: (text: string) => Uint8Array, encode: (bytes: Uint8Array) => string): boolean {
  try {
    return encode(decode(text)) === text;
  } catch (error) {
    return error instanceof ParseError;
  }
}

const base64Like = fc
  .array(fc.constantFrom("A", "Q", "z", "0", "9", "+", "/", "=", "-", "_", " ", "\n"), { maxLength: 12 })
  .map((characters) => characters.join(""));

describe("decoders are the inverse of encoders and accept nothing else", () => {
  itHolds("hex", () => fc.property(arbitraryBytes, (bytes) => equalBytes(fromHex(toHex(bytes)), bytes)));
  itHolds("hex, of any text", () => fc.property(anyText, (text) => isStrict(text.toLowerCase(), fromHex, toHex)));
  itHolds("base64", () => fc.property(arbitraryBytes, (bytes) => equalBytes(decodeBase64(encodeBase64(bytes)), bytes)));
  itHolds("base64, of any text", () =>
    fc.property(fc.oneof(base64Like, anyText), (text) => isStrict(text, decodeBase64, encodeBase64)),
  );
  itHolds("latin-1", () => fc.property(arbitraryBytes, (bytes) => equalBytes(fromLatin1(latin1(bytes)), bytes)));
  itHolds("armor, at any width of line, with and without checksum, LF or CRLF", () => {
    const nonEmpty = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const widths = fc.integer({ min: 1, max: 80 });
    return fc.property(nonEmpty, widths, fc.boolean(), fc.constantFrom("\n", "\r\n"), (bytes, width, hasSum, eol) => {
      const lines = encodeBase64(bytes).match(new RegExp(`.{1,${width}}`, "g")) ?? [];
      const sum = Buffer.alloc(3);
      sum.writeUIntBE(crc24(bytes), 0, 3);
      // A narrow last line such as "=" or "==" reads as padding, "=ab" would be a checksum: OpenPGP never breaks there.
      fc.pre(!lines.some((line) => /^=[^=]/.test(line)));
      const armored = (label: string, between: readonly string[], tail: readonly string[]) =>
        fromLatin1([`-----BEGIN ${label}-----`, ...between, ...lines, ...tail, `-----END ${label}-----`, ""].join(eol));
      const pgp = armored("PGP SIGNATURE", ["Comment: x", ""], hasSum ? [`=${sum.toString("base64")}`] : []);
      expect(equalBytes(decodeArmor(pgp, "PGP SIGNATURE"), bytes)).toBe(true);
      expect(equalBytes(decodeArmor(armored("SSH SIGNATURE", [], []), "SSH SIGNATURE"), bytes)).toBe(true);
    });
  });
  itHolds("armor refuses or reads any bytes, and nothing but ParseError escapes", () => {
    const lines = fc.constantFrom(
      "-----BEGIN PGP SIGNATURE-----",
      "-----END PGP SIGNATURE-----",
      "",
      "Version: 1",
      "AAAA",
      "AA==",
      "=AAAA",
      " ",
      "\0",
    );
    return fc.property(
      fc.oneof(
        arbitraryBytes,
        fc.array(lines).map((all) => fromLatin1(all.join("\n"))),
      ),
      (bytes) => {
        try {
          decodeArmor(bytes, "PGP SIGNATURE");
        } catch (error) {
          expect(error).toBeInstanceOf(ParseError);
        }
      },
    );
  });
  itHolds("SSH wire strings never read beyond their input", () =>
    fc.property(arbitraryBytes, (bytes) => {
      const reader = new SshReader(bytes, "test");
      try {
        for (;;) reader.string();
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
      expect(reader.offset).toBeLessThanOrEqual(bytes.length);
    }),
  );
  itHolds("times", () =>
    fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => parseTime(formatTime(seconds)) === seconds),
  );
});

describe("escapeTerminal", () => {
  itHolds("lets nothing through that steers a terminal, hides or reorders text", () =>
    fc.property(anyText, fc.option(fc.integer({ min: 4, max: 60 }), { nil: undefined }), (text, max) => {
      const shown = escapeTerminal(text, max === undefined ? {} : { max });
      expect(shown).not.toMatch(/\p{C}|\p{Zl}|\p{Zp}|\p{Default_Ignorable_Code_Point}/u);
      if (max !== undefined) expect(shown.length).toBeLessThanOrEqual(max);
    }),
  );
});

describe("escapeJsonText", () => {
  itHolds("gives text that survives JSON and UTF-8 unchanged", () =>
    fc.property(anyText, (text) => {
      const safe = escapeJsonText(text);
      expect(JSON.parse(Buffer.from(JSON.stringify(safe), "utf8").toString("utf8"))).toBe(safe);
    }),
  );
});

describe("parseRefName", () => {
  itHolds("returns its input or throws a ParseError", () => {
    const names = fc.oneof(
      anyText,
      latin1Text().map((text) => `refs/heads/${text}`),
    );
    return fc.property(names, (name) => {
      try {
        expect(parseRefName(name)).toBe(name);
      } catch (error) {
        expect(error).toBeInstanceOf(ParseError);
      }
    });
  });
});

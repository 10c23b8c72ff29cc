/** A block in the common form is read at once, every other line by line: nobody may be able to tell which it was. */
import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { crc24, decodeArmor } from "../../src/encoding/armor.ts";
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { itHolds } from "../support/fuzz.ts";

const LABELS = ["PGP SIGNATURE", "SSH SIGNATURE", "PGP PUBLIC KEY BLOCK"] as const;

function armor(label: (typeof LABELS)[number], data: Uint8Array, width: number, sum: boolean): string {
  const lines =
    Buffer.from(data)
      .toString("base64")
      .match(new RegExp(`.{1,${width}}`, "g")) ?? [];
  const crc = crc24(data);
  const checksum = `=${Buffer.of(crc >> 16, (crc >> 8) & 0xff, crc & 0xff).toString("base64")}`;
  const isPgp = label !== "SSH SIGNATURE";
  const body = [...(isPgp ? [""] : []), ...lines, ...(isPgp && sum ? [checksum] : [])].join("\n");
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
}

function read(text: string, label: (typeof LABELS)[number]): string {
  try {
    return latin1(decodeArmor(fromLatin1(text), label));
  } catch {
    return "refused";
  }
}

/** A blank behind the first line says nothing, and makes the block one of the other form. */
const byLines = (text: string): string => text.replace("-----\n", "----- \n");

const block = fc.record({
  label: fc.constantFrom(...LABELS),
  data: fc.uint8Array({ minLength: 1, maxLength: 200 }),
  width: fc.constantFrom(1, 3, 4, 64, 70, 76),
  sum: fc.boolean(),
});

describe("armor in the common form", () => {
  itHolds(
    "gives its data",
    () =>
      fc.property(block, ({ label, data, width, sum }) => {
        const text = armor(label, data, width, sum);
        expect(read(text, label)).toBe(latin1(data));
        expect(read(byLines(text), label)).toBe(latin1(data));
      }),
    { runs: 1000 },
  );
  itHolds(
    "is refused where it would be line by line, and read where it would be",
    () => {
      const piece = fc.constantFrom(
        "",
        "\n",
        "\n\n",
        "=",
        "==",
        "=AAAA",
        "A",
        "-",
        " ",
        "\r",
        "\n=",
        "Zm9v",
        "\n-----END PGP SIGNATURE-----\n",
      );
      return fc.property(block, fc.nat(), fc.nat(3), piece, ({ label, data, width, sum }, where, cut, put) => {
        const text = armor(label, data, width, sum);
        const first = text.indexOf("\n") + 1;
        const at = first + (where % (text.length - first + 1));
        const changed = text.slice(0, at) + put + text.slice(at + cut);
        expect(read(changed, label)).toBe(read(byLines(changed), label));
      });
    },
    { runs: 1000 },
  );
});

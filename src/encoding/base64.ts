import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { asBuffer } from "./bytes.ts";

/**
 * Decodes RFC 4648 §4 base64 with its padding. Exactly one text stands for each byte sequence: stray characters,
 * missing padding and non-zero trailing bits are refused, since a lenient decoder gives a signature many spellings.
 *
 * @throws ParseError on anything that `encodeBase64` would not have written.
 */
export function decodeBase64(text: string): Bytes {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new ParseError("base64", "is not canonical");
  return bytes;
}

export function encodeBase64(bytes: Bytes): string {
  return asBuffer(bytes).toString("base64");
}

/** As OpenSSH prints fingerprints. */
export function encodeBase64Unpadded(bytes: Bytes): string {
  const padded = encodeBase64(bytes);
  const end = padded.indexOf("=");
  return end === -1 ? padded : padded.slice(0, end);
}

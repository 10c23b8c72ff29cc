import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { asBuffer } from "./bytes.ts";

/** Lower-case hexadecimal. */
export function toHex(bytes: Bytes): string {
  return asBuffer(bytes).toString("hex");
}

/**
 * Reads hexadecimal of either case, digits only.
 *
 * @throws ParseError on any other character or half a byte; Node's own decoder stops there without a word.
 */
export function fromHex(text: string): Bytes {
  const bad = text.search(/[^0-9a-fA-F]/);
  if (bad !== -1) throw new ParseError("hexadecimal", "holds a character that is no digit", bad);
  if (text.length % 2 !== 0) throw new ParseError("hexadecimal", "ends in half a byte", text.length);
  return Buffer.from(text, "hex");
}

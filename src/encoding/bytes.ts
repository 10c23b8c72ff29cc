import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";

/** The same memory as a Buffer: its searches and its latin-1 conversion run in native code. */
export function asBuffer(bytes: Bytes): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** One character a byte: nothing is decoded, so nothing is lost. Inverse of `fromLatin1`. */
export function latin1(bytes: Bytes): string {
  return asBuffer(bytes).toString("latin1");
}

/**
 * The bytes behind latin-1 text.
 *
 * @throws ParseError where a character is above U+00FF; Node would silently keep its low byte.
 */
export function fromLatin1(text: string): Bytes {
  const wide = text.search(/[^\0-\xff]/);
  if (wide !== -1) throw new ParseError("text", "holds a character that is no byte", wide);
  return Buffer.from(text, "latin1");
}

export function concatBytes(...parts: readonly Bytes[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) {
    // `set` of nothing costs as much as of a few hundred bytes.
    if (part.length > 0) whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compares public data; not meant for secrets. */
export function equalBytes(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && asBuffer(a).equals(b);
}

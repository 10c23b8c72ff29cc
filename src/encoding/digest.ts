import { createHash, hash } from "node:crypto";
import type { Bytes } from "../model.ts";
import { asBuffer, concatBytes } from "./bytes.ts";

/** Joining what is no longer than this costs less than a hash object, of which a long history would make thousands. */
const SHORT = 64 * 1024;

/** The hash of some bytes by node:crypto's name for it; throws what OpenSSL throws for one that it leaves out. */
export function digestBytes(name: string, ...parts: readonly Bytes[]): Bytes {
  const [only, ...others] = parts;
  if (only !== undefined && others.length === 0) return hash(name, asBuffer(only), "buffer");
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= SHORT) return hash(name, concatBytes(...parts), "buffer");
  const whole = createHash(name);
  for (const part of parts) whole.update(asBuffer(part));
  return whole.digest();
}

/** The same in lower-case hexadecimal, at once. */
export const digestHex = (name: string, bytes: Bytes): string => hash(name, asBuffer(bytes), "hex");

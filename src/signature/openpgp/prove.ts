/** Does a signature stand, as a matter of arithmetic? Nothing here says whether the key may sign. */
import { concatBytes } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import type { Bytes } from "../../model.ts";
import { hashFacts } from "./algorithms.ts";
import type { OpenPgpKey } from "./key.ts";
import { isBetweenZeroAnd } from "./numbers.ts";
import { verifyInPool } from "../raw.ts";
import type { RawVerifier } from "../raw.ts";
import { nativeCheck } from "./native.ts";
import type { NativeCheck } from "./native.ts";
import type { OpenPgpSignature } from "./signature.ts";

/**
 * Whether `key` made `signature` over `content`. False too where versions or algorithms of the two differ (RFC 9580 §5.2),
 * where the hash is unknown, and where the digest's first two bytes, which stand in clear, are wrong: gpg does not look
 * at them, but then one signature could be written in 65,536 ways.
 */
export function provesSignature(
  key: OpenPgpKey,
  signature: OpenPgpSignature,
  content: readonly Bytes[],
  raw: RawVerifier = verifyInPool,
): boolean | Promise<boolean> {
  if (signature.version !== key.version || signature.publicKeyAlgorithm !== key.publicKeyAlgorithm) return false;
  const hash = hashFacts(signature.hashAlgorithm)?.name;
  if (hash === undefined || key.material.kind === "none") return false;
  const message = concatBytes(signature.salt, ...content, signature.trailer);
  const digest = digestOf(hash, message);
  const { digestPrefix } = signature;
  if (digest === null || digest[0] !== digestPrefix[0] || digest[1] !== digestPrefix[1]) return false;
  const native = nativeOf(key);
  if (native !== null) {
    const check = native(signature.numbers, { hash, message, digest });
    return check !== null && raw(check);
  }
  if (key.material.kind === "ecdsa") {
    const { order } = key.material;
    if (!signature.numbers.every((number) => isBetweenZeroAnd(order, number))) return false;
  }
  return import("./library.ts").then(({ verifyWithLibrary }) => verifyWithLibrary(key, signature, digest));
}

function digestOf(name: string, message: Bytes): Bytes | null {
  try {
    return digestBytes(name, message);
  } catch {
    // A hash that this build of OpenSSL leaves out (RIPEMD-160, MD5 under FIPS).
    return null;
  }
}

const prepared = new WeakMap<OpenPgpKey, NativeCheck | null>();

function nativeOf(key: OpenPgpKey): NativeCheck | null {
  let native = prepared.get(key);
  if (native === undefined) {
    native = nativeCheck(key);
    prepared.set(key, native);
  }
  return native;
}

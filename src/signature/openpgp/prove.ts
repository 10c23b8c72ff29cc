/** Does a signature stand, as a matter of arithmetic? Nothing here says whether the key may sign. */
import { equalBytes } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import type { Bytes } from "../../model.ts";
import { hashFacts } from "./algorithms.ts";
import type { OpenPgpKey } from "./key.ts";
import { isBetweenZeroAnd } from "./numbers.ts";
import { nativeVerifier } from "./native.ts";
import type { RawVerifier } from "./native.ts";
import type { OpenPgpSignature } from "./signature.ts";

/**
 * Whether `key` made `signature` over `content`. False too where versions or algorithms of the two differ (RFC 9580 §5.2),
 * where the hash is unknown, and where the digest's first two bytes, which stand in clear, are wrong: gpg does not look
 * at them, but then one signature could be written in 65,536 ways.
 */
export async function provesSignature(
  key: OpenPgpKey,
  signature: OpenPgpSignature,
  content: readonly Bytes[],
): Promise<boolean> {
  if (signature.version !== key.version || signature.publicKeyAlgorithm !== key.publicKeyAlgorithm) return false;
  const hash = hashFacts(signature.hashAlgorithm)?.name;
  if (hash === undefined || key.material.kind === "none") return false;
  const message = [signature.salt, ...content, signature.trailer];
  const digest = digestOf(hash, message);
  if (digest === null || !equalBytes(digest.subarray(0, 2), signature.digestPrefix)) return false;
  const native = verifierOf(key);
  if (native !== null) return native(signature.numbers, { hash, message, digest });
  if (key.material.kind === "ecdsa") {
    const { order } = key.material;
    if (!signature.numbers.every((number) => isBetweenZeroAnd(order, number))) return false;
  }
  const { verifyWithLibrary } = await import("./library.ts");
  return verifyWithLibrary(key, signature, digest);
}

function digestOf(name: string, parts: readonly Bytes[]): Bytes | null {
  try {
    return digestBytes(name, ...parts);
  } catch {
    // A hash that this build of OpenSSL leaves out (RIPEMD-160, MD5 under FIPS).
    return null;
  }
}

const verifiers = new WeakMap<OpenPgpKey, RawVerifier | null>();

function verifierOf(key: OpenPgpKey): RawVerifier | null {
  let verifier = verifiers.get(key);
  if (verifier === undefined) {
    verifier = nativeVerifier(key);
    verifiers.set(key, verifier);
  }
  return verifier;
}

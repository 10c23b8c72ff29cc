/** Raw verification by node:crypto, off the main thread. */
import { createPublicKey, verify } from "node:crypto";
import type { JsonWebKey, KeyObject, VerifyPublicKeyInput } from "node:crypto";
import { asBuffer, concatBytes } from "../../encoding/bytes.ts";
import type { Bytes } from "../../model.ts";
import type { KeyMaterial, OpenPgpKey } from "./key.ts";
import { isBetweenZeroAnd, isReducedEdwards, leftPad } from "./numbers.ts";

/** What was hashed, in the two forms that verifiers take. */
export interface Hashed {
  readonly hash: string;
  readonly message: readonly Bytes[];
  readonly digest: Bytes;
}

/** Takes a signature's numbers; false for whatever is wrong with them. */
export type RawVerifier = (numbers: readonly Bytes[], hashed: Hashed) => Promise<boolean>;

/** The verifier for a key that node:crypto takes, null where it does not; what it needs is prepared once a key. */
export function nativeVerifier(key: OpenPgpKey): RawVerifier | null {
  const { material } = key;
  const jwk = jwkOf(material);
  if (jwk === null) return null;
  let object: KeyObject;
  try {
    object = createPublicKey({ key: jwk, format: "jwk" });
  } catch {
    // A point that is not on its curve: nothing verifies under it.
    return () => Promise.resolve(false);
  }
  switch (material.kind) {
    case "rsa":
      return ([s = EMPTY], { hash, message }) => {
        // RFC 8017 §5.2.2: s \< n; libgcrypt takes s + n, too (attack 39).
        const padded = isBetweenZeroAnd(material.n, s) ? leftPad(s, material.n.length) : null;
        return padded === null ? NO : verifyNatively(hash, message, { key: object }, padded);
      };
    case "ecdsa":
      return ([r = EMPTY, s = EMPTY], { hash, message }) => {
        const { order } = material;
        const [left, right] = [leftPad(r, order.length), leftPad(s, order.length)];
        if (left === null || right === null || !isBetweenZeroAnd(order, r) || !isBetweenZeroAnd(order, s)) return NO;
        return verifyNatively(hash, message, { key: object, dsaEncoding: "ieee-p1363" }, concatBytes(left, right));
      };
    case "ed25519":
    case "ed448":
      // RFC 9580 §5.2.3.3: EdDSA signs the digest as its message.
      return (numbers, { digest }) => {
        const signature = edwardsSignature(numbers);
        return signature === null ? NO : verifyNatively(null, [digest], { key: object }, signature);
      };
    case "none":
      return null;
  }
}

const EMPTY: Bytes = new Uint8Array(0);
const NO = Promise.resolve(false);

function jwkOf(material: KeyMaterial): JsonWebKey | null {
  const base64Url = (bytes: Bytes): string => asBuffer(bytes).toString("base64url");
  switch (material.kind) {
    case "rsa":
      return { kty: "RSA", n: base64Url(material.n), e: base64Url(material.e) };
    case "ecdsa": {
      const { curve, point } = material;
      if (curve.jwk === null) return null;
      const half = point.length / 2;
      return { kty: "EC", crv: curve.jwk, x: base64Url(point.subarray(0, half)), y: base64Url(point.subarray(half)) };
    }
    case "ed25519":
      return { kty: "OKP", crv: "Ed25519", x: base64Url(material.point) };
    case "ed448":
      return { kty: "OKP", crv: "Ed448", x: base64Url(material.point) };
    case "none":
      return null;
  }
}

/** Two numbers in the legacy form (RFC 9580 §5.2.3.3.1), one block in the current one. */
function edwardsSignature(numbers: readonly Bytes[]): Bytes | null {
  const [first = EMPTY, second] = numbers;
  let signature: Bytes | null = first;
  if (second !== undefined) {
    const [r, s] = [leftPad(first, 32), leftPad(second, 32)];
    signature = r === null || s === null ? null : concatBytes(r, s);
  }
  return signature !== null && isReducedEdwards(signature) ? signature : null;
}

function verifyNatively(
  hash: string | null,
  message: readonly Bytes[],
  key: VerifyPublicKeyInput | { key: KeyObject; dsaEncoding?: "ieee-p1363" },
  signature: Bytes,
): Promise<boolean> {
  return new Promise((resolve) => {
    // The callback form runs in the thread pool, so that both cores work.
    verify(hash, concatBytes(...message), key, signature, (error, good) => {
      resolve(error === null && good);
    });
  });
}

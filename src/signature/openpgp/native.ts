/** OpenPGP's keys and numbers in the form that node:crypto takes. */
import { createPublicKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { asBuffer, concatBytes } from "../../encoding/bytes.ts";
import type { Bytes } from "../../model.ts";
import type { RawCheck } from "../raw.ts";
import type { KeyMaterial, OpenPgpKey } from "./key.ts";
import { isBetweenZeroAnd, isReducedEdwards, leftPad } from "./numbers.ts";

/** What was hashed, in the two forms that verifiers take. */
export interface Hashed {
  readonly hash: string;
  readonly message: Bytes;
  readonly digest: Bytes;
}

/** Takes a signature's numbers; null where they are none that could verify. */
export type NativeCheck = (numbers: readonly Bytes[], hashed: Hashed) => RawCheck | null;

/**
 * What asks node:crypto about signatures of a key, prepared once; null where this build of OpenSSL does not take such keys (some distributions
 * leave the Brainpool curves out), or where a point is not on its curve, under which nothing verifies.
 */
export function nativeCheck(key: OpenPgpKey): NativeCheck | null {
  const { material } = key;
  const object = keyObject(material);
  if (object === null) return null;
  switch (material.kind) {
    case "rsa":
      return ([s = EMPTY], { hash, message }) => {
        // RFC 8017 §5.2.2: s \< n; libgcrypt takes s + n, too (attack 39).
        const padded = isBetweenZeroAnd(material.n, s) ? leftPad(s, material.n.length) : null;
        return padded === null ? null : { key: object, hash, message, signature: padded };
      };
    case "ecdsa":
      return ([r = EMPTY, s = EMPTY], { hash, message }) => {
        const { order } = material;
        const [left, right] = [leftPad(r, order.length), leftPad(s, order.length)];
        if (left === null || right === null || !isBetweenZeroAnd(order, r) || !isBetweenZeroAnd(order, s)) return null;
        return { key: object, hash, message, signature: concatBytes(left, right) };
      };
    case "ed25519":
    case "ed448":
      // RFC 9580 §5.2.3.3: EdDSA signs the digest as its message.
      return (numbers, { digest }) => {
        const signature = edwardsSignature(numbers);
        return signature === null ? null : { key: object, hash: null, message: digest, signature };
      };
    case "none":
      return null;
  }
}

const EMPTY: Bytes = new Uint8Array(0);

function keyObject(material: KeyMaterial): KeyObject | null {
  try {
    switch (material.kind) {
      case "rsa":
        return fromJwk({ kty: "RSA", n: base64Url(material.n), e: base64Url(material.e) });
      case "ed25519":
        return fromJwk({ kty: "OKP", crv: "Ed25519", x: base64Url(material.point) });
      case "ed448":
        return fromJwk({ kty: "OKP", crv: "Ed448", x: base64Url(material.point) });
      case "ecdsa": {
        // RFC 5480 §2: JSON Web Keys have no names for the Brainpool curves.
        const algorithm = der(0x30, EC_PUBLIC_KEY, der(0x06, material.oid));
        const spki = der(0x30, algorithm, der(0x03, Uint8Array.of(0), material.point));
        return createPublicKey({ key: asBuffer(spki), format: "der", type: "spki" });
      }
      case "none":
        return null;
    }
  } catch {
    return null;
  }
}

const base64Url = (bytes: Bytes): string => asBuffer(bytes).toString("base64url");
const fromJwk = (key: JsonWebKey): KeyObject => createPublicKey({ key, format: "jwk" });

/** id-ecPublicKey, 1.2.840.10045.2.1. */
const EC_PUBLIC_KEY = Uint8Array.of(0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);

/** One DER value of at most 255 bytes. */
function der(tag: number, ...parts: readonly Bytes[]): Bytes {
  const content = concatBytes(...parts);
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length];
  return concatBytes(Uint8Array.of(tag, ...length), content);
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

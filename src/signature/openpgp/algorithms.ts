/** What OpenPGP's algorithm numbers mean (RFC 9580 §9), in one place. */
import { fromHex, toHex } from "../../encoding/hex.ts";
import type { Bytes } from "../../model.ts";

export interface HashFacts {
  /** node:crypto's name for it. */
  readonly name: string;
  readonly bits: number;
  /** RFC 9580 §9.5, table 23; null: no version 6 signature uses it. */
  readonly saltBytes: number | null;
}

const HASHES: ReadonlyMap<number, HashFacts> = new Map([
  [1, { name: "md5", bits: 128, saltBytes: null }],
  [2, { name: "sha1", bits: 160, saltBytes: null }],
  [3, { name: "ripemd160", bits: 160, saltBytes: null }],
  [8, { name: "sha256", bits: 256, saltBytes: 16 }],
  [9, { name: "sha384", bits: 384, saltBytes: 24 }],
  [10, { name: "sha512", bits: 512, saltBytes: 32 }],
  [11, { name: "sha224", bits: 224, saltBytes: 16 }],
  [12, { name: "sha3-256", bits: 256, saltBytes: 16 }],
  [14, { name: "sha3-512", bits: 512, saltBytes: 32 }],
]);

export const hashFacts = (id: number): HashFacts | null => HASHES.get(id) ?? null;

/** RFC 9580 §9.1. Numbers that sign; whatever is not here cannot. */
export const ALGORITHM = {
  rsa: 1,
  rsaEncryptOnly: 2,
  rsaSignOnly: 3,
  dsa: 17,
  ecdsa: 19,
  eddsa: 22,
  ed25519: 27,
  ed448: 28,
};

export interface Curve {
  /** As shown: `ecdsa-p256`, `ed25519`. */
  readonly algorithm: string;
  readonly bits: number;
  /** Order of the ECDSA group, big-endian; null for EdDSA. */
  readonly order: Bytes | null;
  /** RFC 9580 §5.2.3.3 and gpg: a shorter hash is not enough for this curve. */
  readonly minimumHashBits: number;
}

/** By object identifier as stored (RFC 9580 §9.2), in hexadecimal: name, size and order of the group. */
const ECDSA_CURVES: ReadonlyMap<string, readonly [name: string, bits: number, order: string]> = new Map([
  ["2a8648ce3d030107", ["p256", 256, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"]],
  [
    "2b81040022",
    ["p384", 384, "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"],
  ],
  [
    "2b81040023",
    [
      "p521",
      521,
      "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    ],
  ],
  ["2b8104000a", ["secp256k1", 256, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141"]],
  ["2b2403030208010107", ["brainpool-p256", 256, "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7"]],
  [
    "2b240303020801010b",
    [
      "brainpool-p384",
      384,
      "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
    ],
  ],
  [
    "2b240303020801010d",
    [
      "brainpool-p512",
      512,
      "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
    ],
  ],
]);

const ED25519_LEGACY = "2b06010401da470f01";
export const ED25519: Curve = { algorithm: "ed25519", bits: 256, order: null, minimumHashBits: 256 };

/** The curve of an object identifier, null where we know none. */
export function curveOf(oid: Bytes): Curve | null {
  const id = toHex(oid);
  if (id === ED25519_LEGACY) return ED25519;
  const facts = ECDSA_CURVES.get(id);
  if (facts === undefined) return null;
  const [name, bits, order] = facts;
  return { algorithm: `ecdsa-${name}`, bits, order: fromHex(order), minimumHashBits: Math.min(bits, 512) };
}

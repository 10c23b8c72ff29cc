/** The public-key packet (RFC 9580 §5.5.2), versions 4 and 6. */
import { concatBytes } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import type { Bytes, Fingerprint, Seconds } from "../../model.ts";
import { bitLength, isWeakEd25519Point } from "../ssh/numbers.ts";
import { ALGORITHM, ED25519, curveOf } from "./algorithms.ts";
import type { Curve } from "./algorithms.ts";
import { PacketReader } from "./packets.ts";
import { upperHex } from "./subpackets.ts";

/** The numbers of a key that may sign. `none`: it never signs (encryption only), or we cannot verify what it signs. */
export type KeyMaterial =
  | { readonly kind: "rsa"; readonly n: Bytes; readonly e: Bytes }
  | { readonly kind: "ecdsa"; readonly curve: Curve; readonly oid: Bytes; readonly order: Bytes; readonly point: Bytes }
  | { readonly kind: "ed25519"; readonly point: Bytes }
  | { readonly kind: "ed448"; readonly point: Bytes }
  | { readonly kind: "none" };

/** A key or subkey of a certificate. */
export interface OpenPgpKey {
  readonly version: 4 | 6;
  readonly created: Seconds;
  readonly publicKeyAlgorithm: number;
  readonly material: KeyMaterial;
  readonly fingerprint: Fingerprint;
  /** 16 upper-case hexadecimal digits. */
  readonly keyId: string;
  /** `ed25519`, `rsa`, `ecdsa-p256`, … */
  readonly algorithm: string;
  /** Of the RSA modulus or of the curve; 0 where unknown. */
  readonly bits: number;
  /** The key as it enters hashes (RFC 9580 §5.2.4 and §5.5.4). */
  readonly framed: Bytes;
  readonly body: Bytes;
}

const WHAT = "OpenPGP key";
/** OpenSSL refuses more; work grows with the cube. */
const MAX_RSA_BITS = 16384;

/**
 * Reads the body of a public-key or public-subkey packet; null for a version that is not read here.
 *
 * @throws ParseError
 */
export function readKey(body: Bytes): OpenPgpKey | null {
  const reader = new PacketReader(body, WHAT);
  const version = reader.byte();
  if (version !== 4 && version !== 6) return null;
  const created = reader.uint32();
  const publicKeyAlgorithm = reader.byte();
  if (version === 6 && reader.uint32() !== reader.left) reader.fail("has key material of another length than it says");
  const { material, algorithm, bits } = readMaterial(reader, publicKeyAlgorithm, version);
  if (version === 4 && body.length > 0xffff) reader.fail("is longer than a version 4 key can be");
  const framed = frame(version, body);
  const fingerprint = upperHex(digestBytes(version === 4 ? "sha1" : "sha256", framed));
  return {
    version,
    created,
    publicKeyAlgorithm,
    material,
    fingerprint: fingerprint as Fingerprint,
    keyId: version === 4 ? fingerprint.slice(-16) : fingerprint.slice(0, 16),
    algorithm,
    bits,
    framed,
    body,
  };
}

interface Material {
  readonly material: KeyMaterial;
  readonly algorithm: string;
  readonly bits: number;
}

const NONE: KeyMaterial = { kind: "none" };

function readMaterial(reader: PacketReader, algorithm: number, version: 4 | 6): Material {
  switch (algorithm) {
    case ALGORITHM.rsa:
    case ALGORITHM.rsaEncryptOnly:
    case ALGORITHM.rsaSignOnly:
      return readRsa(reader, version);
    case ALGORITHM.dsa: {
      const bits = bitLength(reader.mpi(version === 6));
      return { material: NONE, algorithm: "dsa", bits };
    }
    case ALGORITHM.ecdsa:
      return readEcdsa(reader, version);
    case ALGORITHM.eddsa:
      return readEddsa(reader, version);
    case ALGORITHM.ed25519: {
      const point = checkedPoint(reader, reader.bytes(32));
      reader.end();
      return { material: { kind: "ed25519", point }, algorithm: "ed25519", bits: ED25519.bits };
    }
    case ALGORITHM.ed448: {
      const point = reader.bytes(57);
      reader.end();
      return { material: { kind: "ed448", point }, algorithm: "ed448", bits: 448 };
    }
    default:
      return { material: NONE, algorithm: ENCRYPTION_ONLY.get(algorithm) ?? `unknown-${algorithm}`, bits: 0 };
  }
}

/** RFC 9580 §9.1: named in messages, never asked to verify. */
const ENCRYPTION_ONLY: ReadonlyMap<number, string> = new Map([
  [16, "elgamal"],
  [18, "ecdh"],
  [25, "x25519"],
  [26, "x448"],
]);

function readRsa(reader: PacketReader, version: 4 | 6): Material {
  const n = reader.mpi(version === 6);
  const e = reader.mpi(version === 6);
  reader.end();
  const bits = bitLength(n);
  const isOdd = (number: Bytes): boolean => ((number.at(-1) ?? 0) & 1) === 1;
  // e = 1 verifies anything; an even number never came from a key maker.
  if (!isOdd(n) || !isOdd(e) || e.length > 8 || (e.length === 1 && e[0] === 1) || bits > MAX_RSA_BITS) {
    reader.fail("has impossible RSA numbers");
  }
  return { material: { kind: "rsa", n, e }, algorithm: "rsa", bits };
}

function readEcdsa(reader: PacketReader, version: 4 | 6): Material {
  const oid = readOid(reader);
  const curve = curveOf(oid);
  const point = reader.mpi(version === 6);
  reader.end();
  if (curve === null) return { material: NONE, algorithm: "ecdsa-unknown", bits: 0 };
  if (curve.order === null) reader.fail("names a curve of another algorithm");
  // RFC 9580 §11.2.1: uncompressed.
  const size = curve.order.length;
  if (point.length !== 1 + 2 * size || point[0] !== 0x04) reader.fail("has a malformed point");
  const material: KeyMaterial = { kind: "ecdsa", curve, oid, order: curve.order, point };
  return { material, algorithm: curve.algorithm, bits: curve.bits };
}

function readEddsa(reader: PacketReader, version: 4 | 6): Material {
  const curve = curveOf(readOid(reader));
  const point = reader.mpi(version === 6);
  reader.end();
  if (curve === null) return { material: NONE, algorithm: "eddsa-unknown", bits: 0 };
  if (curve.order !== null) reader.fail("names a curve of another algorithm");
  // RFC 9580 §11.2.3: native coordinates behind an octet 0x40.
  if (point.length !== 33 || point[0] !== 0x40) reader.fail("has a malformed point");
  const native = checkedPoint(reader, point.subarray(1));
  return { material: { kind: "ed25519", point: native }, algorithm: curve.algorithm, bits: curve.bits };
}

/** Under a point of small order anybody signs; a second encoding makes a second key of the same one. */
function checkedPoint(reader: PacketReader, point: Bytes): Bytes {
  return isWeakEd25519Point(point) ? reader.fail("has a point that is no proper public key") : point;
}

const readOid = (reader: PacketReader): Bytes => reader.bytes(reader.byte());

function frame(version: 4 | 6, body: Bytes): Bytes {
  const head = Buffer.alloc(version === 4 ? 3 : 5);
  head[0] = version === 4 ? 0x99 : 0x9b;
  if (version === 4) head.writeUInt16BE(body.length, 1);
  else head.writeUInt32BE(body.length, 1);
  return concatBytes(head, body);
}

// An OpenPGP signer for the bench's repositories: keys from a seed, version 4 packets as gpg writes them, so that gpg, sq-git
// and signpolicy read the same thing and a repository of 10,000 signed commits is made in seconds, the same every time.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { rsaKeyFromSeed } from "./rsa-seed.mjs";

/** RFC 8410 §7: what stands before the 32 bytes of an Ed25519 private key. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
/** RFC 9580 §9.2: the curve's OID with its length, and algorithm 22 (EdDSALegacy), which every gpg since 2.1 knows. */
const CURVE = Buffer.from("092b06010401da470f01", "hex");
const ALGORITHM = { rsa: 1, ed25519: 22 };
const SHA256 = 8;
const TYPE = { document: 0x00, certification: 0x13, subkeyBinding: 0x18, primaryKeyBinding: 0x19 };
const FLAGS = { certifyAndSign: 0x03, sign: 0x02 };

/** A key of one certificate: its packet body, and what it signs with. */
function createKey(algorithm, seed, created) {
  const privateKey = algorithm === "rsa" ? rsaKeyFromSeed(seed, 4096) : edwardsKey(seed);
  const publicKey = createPublicKey(privateKey);
  const numbers = algorithm === "rsa" ? rsaNumbers(publicKey) : edwardsPoint(publicKey);
  const body = Buffer.concat([Buffer.of(4), uint32(created), Buffer.of(ALGORITHM[algorithm]), numbers]);
  // RFC 9580 §5.5.4.2: a version 4 fingerprint.
  const framed = Buffer.concat([Buffer.of(0x99), uint16(body.length), body]);
  const fingerprint = createHash("sha1").update(framed).digest();
  return { algorithm, privateKey, publicKey, body, framed, fingerprint };
}

const edwardsKey = (seed) =>
  createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, createHash("sha256").update(seed).digest()]),
    format: "der",
    type: "pkcs8",
  });

function edwardsPoint(publicKey) {
  const point = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return Buffer.concat([CURVE, mpi(Buffer.concat([Buffer.of(0x40), point]))]);
}

function rsaNumbers(publicKey) {
  const { n, e } = publicKey.export({ format: "jwk" });
  return Buffer.concat([mpi(Buffer.from(n, "base64url")), mpi(Buffer.from(e, "base64url"))]);
}

/** A signature packet, and the one question to node:crypto on which it rests. */
function signaturePacket(key, type, at, prefix, { flags, embedded } = {}) {
  const hashed = Buffer.concat([
    subpacket(33, Buffer.concat([Buffer.of(4), key.fingerprint])),
    subpacket(2, uint32(at)),
    ...(flags === undefined ? [] : [subpacket(27, Buffer.of(flags))]),
    ...(embedded === undefined ? [] : [subpacket(32, embedded)]),
  ]);
  const head = Buffer.concat([Buffer.of(4, type, ALGORITHM[key.algorithm], SHA256), uint16(hashed.length), hashed]);
  const message = Buffer.concat([prefix, head, Buffer.of(4, 0xff), uint32(head.length)]);
  const digest = createHash("sha256").update(message).digest();
  const isRsa = key.algorithm === "rsa";
  const signature = isRsa ? sign("sha256", message, key.privateKey) : sign(null, digest, key.privateKey);
  const unhashed = subpacket(16, key.fingerprint.subarray(-8));
  const numbers = isRsa ? [mpi(signature)] : [mpi(signature.subarray(0, 32)), mpi(signature.subarray(32))];
  const body = Buffer.concat([head, uint16(unhashed.length), unhashed, digest.subarray(0, 2), ...numbers]);
  const check = isRsa ? { hash: "sha256", message, signature } : { hash: null, message: digest, signature };
  return { body, check };
}

/**
 * `sign(payload, at)` gives the armored detached signature that gpg would hand to git, and the raw check behind it.
 * `subkeys`: how many signing subkeys the certificate has; `extra`: how many older self-signatures of each kind.
 */
export function createOpenPgpSigner({ seed, userId, created, algorithm = "ed25519", subkeys = 0, extra = 0 }) {
  const primary = createKey(algorithm, seed, created);
  const id = Buffer.from(userId);
  const certified = Buffer.concat([primary.framed, Buffer.of(0xb4), uint32(id.length), id]);
  const parts = [packet(6, primary.body), packet(13, id)];
  for (let n = extra; n >= 0; n -= 1) {
    const { body } = signaturePacket(primary, TYPE.certification, created + n, certified, {
      flags: FLAGS.certifyAndSign,
    });
    parts.push(packet(2, body));
  }
  for (let n = 0; n < subkeys; n += 1) {
    const subkey = createKey("ed25519", `${seed}, subkey ${n}`, created);
    const bound = Buffer.concat([primary.framed, subkey.framed]);
    parts.push(packet(14, subkey.body));
    for (let m = extra; m >= 0; m -= 1) {
      const back = signaturePacket(subkey, TYPE.primaryKeyBinding, created + m, bound);
      const options = { flags: FLAGS.sign, embedded: back.body };
      parts.push(packet(2, signaturePacket(primary, TYPE.subkeyBinding, created + m, bound, options).body));
    }
  }
  return {
    format: "openpgp",
    fingerprint: primary.fingerprint.toString("hex").toUpperCase(),
    certificate: armor("PGP PUBLIC KEY BLOCK", Buffer.concat(parts)),
    publicKey: primary.publicKey,
    sign(payload, at) {
      const { body, check } = signaturePacket(primary, TYPE.document, at, payload);
      return { armored: armor("PGP SIGNATURE", packet(2, body)), check };
    },
  };
}

const uint16 = (value) => Buffer.of(value >> 8, value & 0xff);
const uint32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** RFC 9580 §4.2.1 and §5.2.3.7: one, two or five octets. */
const length = (value) =>
  value < 192
    ? Buffer.of(value)
    : value < 8384
      ? Buffer.of(((value - 192) >> 8) + 192, (value - 192) & 0xff)
      : Buffer.concat([Buffer.of(0xff), uint32(value)]);

const packet = (tag, body) => Buffer.concat([Buffer.of(0xc0 | tag), length(body.length), body]);
const subpacket = (type, body) => Buffer.concat([length(body.length + 1), Buffer.of(type), body]);

/** RFC 9580 §3.2: leading zero bits are not written. */
function mpi(bytes) {
  const start = bytes.findIndex((byte) => byte !== 0);
  const digits = start < 0 ? Buffer.alloc(0) : bytes.subarray(start);
  const bits = digits.length === 0 ? 0 : digits.length * 8 - Math.clz32(digits[0]) + 24;
  return Buffer.concat([uint16(bits), digits]);
}

function armor(label, bytes) {
  const lines = bytes
    .toString("base64")
    .match(/.{1,64}/g)
    .join("\n");
  return `-----BEGIN ${label}-----\n\n${lines}\n=${crc24(bytes).toString("base64")}\n-----END ${label}-----\n`;
}

/** RFC 9580 §6.1.1. */
function crc24(bytes) {
  let crc = 0xb704ce;
  for (const byte of bytes) {
    crc ^= byte << 16;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x800000 ? (crc << 1) ^ 0x864cfb : crc << 1;
    crc &= 0xffffff;
  }
  return Buffer.of(crc >> 16, (crc >> 8) & 0xff, crc & 0xff);
}

// An OpenPGP signer for the bench's repositories: Ed25519 from a seed, version 4 packets as gpg writes them, so that gpg
// and signpolicy read the same thing and a repository of 10,000 signed commits is made in seconds, the same every time.
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";

/** RFC 8410 §7: what stands before the 32 bytes of an Ed25519 private key. */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");
/** RFC 9580 §9.2: the curve's OID with its length, and algorithm 22 (EdDSALegacy), which every gpg since 2.1 knows. */
const CURVE = Buffer.from("092b06010401da470f01", "hex");
const EDDSA_LEGACY = 22;
const SHA256 = 8;
const BINARY_DOCUMENT = 0x00;
const POSITIVE_CERTIFICATION = 0x13;
const MAY_CERTIFY_AND_SIGN = 0x03;

/** `sign(payload, at)` gives the armored detached signature that gpg would hand to git. */
export function createOpenPgpSigner({ seed, userId, created }) {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, createHash("sha256").update(seed).digest()]),
    format: "der",
    type: "pkcs8",
  });
  const point = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  const body = Buffer.concat([
    Buffer.of(4),
    uint32(created),
    Buffer.of(EDDSA_LEGACY),
    CURVE,
    mpi(Buffer.concat([Buffer.of(0x40), point])),
  ]);
  // RFC 9580 §5.5.4.2: a version 4 fingerprint.
  const framed = Buffer.concat([Buffer.of(0x99), uint16(body.length), body]);
  const fingerprint = createHash("sha1").update(framed).digest();

  const signaturePacket = (type, at, prefix, flags = []) => {
    const hashed = Buffer.concat([
      subpacket(33, Buffer.concat([Buffer.of(4), fingerprint])),
      subpacket(2, uint32(at)),
      ...flags.map((flag) => subpacket(27, Buffer.of(flag))),
    ]);
    const head = Buffer.concat([Buffer.of(4, type, EDDSA_LEGACY, SHA256), uint16(hashed.length), hashed]);
    const trailer = Buffer.concat([Buffer.of(4, 0xff), uint32(head.length)]);
    const digest = createHash("sha256").update(prefix).update(head).update(trailer).digest();
    const signature = sign(null, digest, privateKey);
    const unhashed = subpacket(16, fingerprint.subarray(-8));
    return packet(
      2,
      Buffer.concat([
        head,
        uint16(unhashed.length),
        unhashed,
        digest.subarray(0, 2),
        mpi(signature.subarray(0, 32)),
        mpi(signature.subarray(32)),
      ]),
    );
  };

  const id = Buffer.from(userId);
  const certified = Buffer.concat([framed, Buffer.of(0xb4), uint32(id.length), id]);
  return {
    fingerprint: fingerprint.toString("hex").toUpperCase(),
    certificate: armor(
      "PGP PUBLIC KEY BLOCK",
      Buffer.concat([
        packet(6, body),
        packet(13, id),
        signaturePacket(POSITIVE_CERTIFICATION, created, certified, [MAY_CERTIFY_AND_SIGN]),
      ]),
    ),
    sign: (payload, at) => armor("PGP SIGNATURE", signaturePacket(BINARY_DOCUMENT, at, payload)),
  };
}

const uint16 = (value) => Buffer.of(value >> 8, value & 0xff);
const uint32 = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** RFC 9580 §4.2.1: new format; nothing here is longer than a two-octet length can say. */
const packet = (tag, body) => {
  const length =
    body.length < 192
      ? Buffer.of(body.length)
      : Buffer.of(((body.length - 192) >> 8) + 192, (body.length - 192) & 0xff);
  return Buffer.concat([Buffer.of(0xc0 | tag), length, body]);
};

const subpacket = (type, body) => Buffer.concat([Buffer.of(body.length + 1, type), body]);

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

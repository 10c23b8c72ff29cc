/**
 * OpenPGP keys, certificates and signatures made part by part with node:crypto, so that every field can be wrong on its
 * own. What gpg itself makes is in `gpg.ts`.
 */
import { createHash, createPrivateKey, generateKeyPairSync, sign as signRaw } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { concatBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import type { AlgorithmPolicy, Bytes, Evidence, KeyWindow } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import { verifySigned } from "../../src/signature/verify.ts";

export const ALGORITHMS: AlgorithmPolicy = { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] };
/** When the keys were made, when most signatures are, and what our clock says. */
export const MADE = 1_700_000_000;
export const SIGNED = 1_750_000_000;
export const NOW = 1_790_000_000;
export const DAY = 86_400;
export const TIMES: SigningTimes = { now: NOW, claimed: SIGNED, receivedAt: null };
export const PAYLOAD = fromLatin1("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nA commit\n");

// ── bytes ───────────────────────────────────────────────────────────────────────────────────────────────────────

export const bytes = (...values: readonly number[]): Bytes => Uint8Array.from(values);
export const hex = (text: string): Bytes => Buffer.from(text, "hex");

export function number(value: number, size: number): Bytes {
  const result = Buffer.alloc(size);
  result.writeUIntBE(value, 0, size);
  return result;
}

/** RFC 9580 §3.2. */
export function mpi(value: Bytes): Bytes {
  let start = 0;
  while (start < value.length && value[start] === 0) start++;
  const digits = value.subarray(start);
  const [first] = digits;
  const bits = first === undefined ? 0 : digits.length * 8 - Math.clz32(first) + 24;
  return concatBytes(number(bits, 2), digits);
}

const longLength = (length: number): Bytes => concatBytes(bytes(0xff), number(length, 4));

/** New packet header with a five-octet length, unless `old`: the legacy header with a two-octet one. */
export function packet(tag: number, body: Bytes, format: "new" | "old" = "new"): Bytes {
  return format === "new"
    ? concatBytes(bytes(0xc0 | tag), longLength(body.length), body)
    : concatBytes(bytes(0x80 | (tag << 2) | 1), number(body.length, 2), body);
}

export function armor(label: "PGP SIGNATURE" | "PGP PUBLIC KEY BLOCK" | "PGP MESSAGE", data: Bytes): Bytes {
  const lines = encodeBase64(data).match(/.{1,64}/g) ?? [];
  return fromLatin1([`-----BEGIN ${label}-----`, "", ...lines, `-----END ${label}-----`, ""].join("\n"));
}

// ── keys ────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface TestKey {
  readonly version: 4 | 6;
  readonly created: number;
  readonly algorithm: number;
  readonly body: Bytes;
  readonly framed: Bytes;
  readonly fingerprint: string;
  readonly keyId: string;
  /** The numbers of a signature, raw: one or two. */
  sign(hash: string, message: Bytes): readonly Bytes[];
  /** How they are written: as MPIs or as they are. */
  readonly native: boolean;
}

export interface KeyOptions {
  readonly version?: 4 | 6;
  readonly created?: number;
  readonly seed?: number;
}

function testKey(
  { version = 4, created = MADE }: KeyOptions,
  algorithm: number,
  material: Bytes,
  native: boolean,
  sign: TestKey["sign"],
): TestKey {
  const size = version === 6 ? number(material.length, 4) : bytes();
  const body = concatBytes(bytes(version), number(created, 4), bytes(algorithm), size, material);
  const framed =
    version === 6
      ? concatBytes(bytes(0x9b), number(body.length, 4), body)
      : concatBytes(bytes(0x99), number(body.length, 2), body);
  const digest = createHash(version === 6 ? "sha256" : "sha1").update(framed);
  const fingerprint = digest.digest("hex").toUpperCase();
  const keyId = version === 6 ? fingerprint.slice(0, 16) : fingerprint.slice(-16);
  return { version, created, algorithm, body, framed, fingerprint, keyId, sign, native };
}

const fromJwk = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64url");

/** RFC 8410: the PKCS#8 prefix of an Ed25519 key. Equal seeds make equal keys. */
function ed25519Pair(seed: number): { secret: KeyObject; point: Bytes } {
  const prefix = hex("302e020100300506032b657004220420");
  const secret = createPrivateKey({
    key: Buffer.concat([prefix, Buffer.alloc(32, seed)]),
    format: "der",
    type: "pkcs8",
  });
  return { secret, point: fromJwk(secret.export({ format: "jwk" }).x) };
}

const ED25519_OID = hex("092b06010401da470f01");

/** Algorithm 22, as gpg makes them. */
export function eddsaKey(options: KeyOptions = {}): TestKey {
  const { secret, point } = ed25519Pair(options.seed ?? 1);
  const material = concatBytes(ED25519_OID, mpi(concatBytes(bytes(0x40), point)));
  return testKey(options, 22, material, false, (hash, message) => {
    const raw = signRaw(null, createHash(hash).update(message).digest(), secret);
    return [raw.subarray(0, 32), raw.subarray(32)];
  });
}

/** Algorithm 27 (RFC 9580). */
export function ed25519Key(options: KeyOptions = {}): TestKey {
  const { secret, point } = ed25519Pair(options.seed ?? 1);
  return testKey(options, 27, point, true, (hash, message) => [
    signRaw(null, createHash(hash).update(message).digest(), secret),
  ]);
}

/** Algorithm 28 (RFC 9580). */
export function ed448Key(options: KeyOptions = {}): TestKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed448");
  const point = fromJwk(publicKey.export({ format: "jwk" }).x);
  return testKey(options, 28, point, true, (hash, message) => [
    signRaw(null, createHash(hash).update(message).digest(), privateKey),
  ]);
}

export function rsaKey(bits = 2048, options: KeyOptions & { algorithm?: number } = {}): TestKey {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const { n, e } = privateKey.export({ format: "jwk" });
  const material = concatBytes(mpi(fromJwk(n)), mpi(fromJwk(e)));
  return testKey(options, options.algorithm ?? 1, material, false, (hash, message) => [
    signRaw(hash, message, privateKey),
  ]);
}

const CURVES = {
  p256: ["prime256v1", "082a8648ce3d030107"],
  p384: ["secp384r1", "052b81040022"],
  p521: ["secp521r1", "052b81040023"],
  secp256k1: ["secp256k1", "052b8104000a"],
} as const;

export function ecdsaKey(curve: keyof typeof CURVES = "p256", options: KeyOptions = {}): TestKey {
  const [namedCurve, oid] = CURVES[curve];
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
  const { x, y } = publicKey.export({ format: "jwk" });
  const material = concatBytes(hex(oid), mpi(concatBytes(bytes(4), fromJwk(x), fromJwk(y))));
  return testKey(options, 19, material, false, (hash, message) => {
    const raw = signRaw(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    return [raw.subarray(0, raw.length / 2), raw.subarray(raw.length / 2)];
  });
}

/** A key whose point is not on its curve; what it signs bears the numbers of the key it was made of. */
export function offCurve(key: TestKey): TestKey {
  const material = Buffer.from(key.body.subarray(6));
  material.writeUInt8(material.readUInt8(material.length - 1) ^ 1, material.length - 1);
  return testKey({ version: 4, created: key.created }, key.algorithm, material, key.native, (...of) => key.sign(...of));
}

/** A key that only encrypts (X25519, algorithm 25). */
export const x25519Key = (options: KeyOptions = {}): TestKey =>
  testKey(options, 25, Buffer.alloc(32, 9), true, () => [bytes()]);

// ── signatures ──────────────────────────────────────────────────────────────────────────────────────────────────

const HASH_IDS: Readonly<Record<string, number>> = {
  md5: 1,
  sha1: 2,
  ripemd160: 3,
  sha256: 8,
  sha384: 9,
  sha512: 10,
  sha224: 11,
};
const SALT_SIZES: Readonly<Record<string, number>> = { sha256: 16, sha384: 24, sha512: 32, sha224: 16 };

export function subpacket(type: number, body: Bytes, critical = false): Bytes {
  return concatBytes(longLength(body.length + 1), bytes(type | (critical ? 0x80 : 0)), body);
}

export const created = (at: number): Bytes => subpacket(2, number(at, 4));
export const lifetime = (seconds: number): Bytes => subpacket(3, number(seconds, 4));
export const keyLifetime = (seconds: number): Bytes => subpacket(9, number(seconds, 4));
export const keyFlags = (flags: number): Bytes => subpacket(27, bytes(flags));
export const issuerKeyId = (key: { keyId: string }): Bytes => subpacket(16, hex(key.keyId));
export const issuerFingerprint = (key: { version: number; fingerprint: string }): Bytes =>
  subpacket(33, concatBytes(bytes(key.version), hex(key.fingerprint)));
export const reason = (code: number): Bytes => subpacket(29, bytes(code));
export const embedded = (signature: Bytes): Bytes => subpacket(32, signature);
export const revocationKey = (key: TestKey): Bytes =>
  subpacket(12, concatBytes(bytes(0x80, key.algorithm), hex(key.fingerprint)));
export const notation = (name: string, critical: boolean): Bytes =>
  subpacket(
    20,
    concatBytes(bytes(0x80, 0, 0, 0), number(name.length, 2), number(1, 2), fromLatin1(`${name}=`)),
    critical,
  );

export interface SignatureOptions {
  readonly version?: number;
  readonly type?: number;
  readonly hash?: string;
  /** Signature creation time; null leaves it out. */
  readonly at?: number | null;
  /** More subpackets in the hashed area, behind creation time and issuer. */
  readonly hashed?: readonly Bytes[];
  /** In the unhashed area; by default the issuer's key id for version 4. */
  readonly unhashed?: readonly Bytes[];
  /** The issuer fingerprint in the hashed area, or none. */
  readonly issuer?: { readonly version: number; readonly fingerprint: string } | null;
  /** Algorithm number written into the packet. */
  readonly algorithm?: number;
  readonly salt?: Bytes;
  /** Changes the raw numbers before they are written. */
  readonly forge?: (numbers: readonly Bytes[]) => readonly Bytes[];
  /** Writes the numbers in another way than as exact MPIs. */
  readonly write?: (number: Bytes) => Bytes;
  /** First two bytes of the digest. */
  readonly prefix?: Bytes;
  readonly trailing?: Bytes;
}

/** The body of a signature packet. */
export function signatureBody(key: TestKey, content: readonly Bytes[], options: SignatureOptions = {}): Bytes {
  const { version = key.version, type = 0, hash = "sha512", at = SIGNED, issuer = key } = options;
  const area = (parts: readonly Bytes[]): Bytes => {
    const joined = concatBytes(...parts);
    return concatBytes(number(joined.length, version === 6 ? 4 : 2), joined);
  };
  const hashedArea = area([
    ...(at === null ? [] : [created(at)]),
    ...(issuer === null ? [] : [issuerFingerprint(issuer)]),
    ...(options.hashed ?? []),
  ]);
  const head = concatBytes(bytes(version, type, options.algorithm ?? key.algorithm, HASH_IDS[hash] ?? 0), hashedArea);
  const tail = concatBytes(bytes(version, 0xff), number(head.length, 4));
  const salt = options.salt ?? (version === 6 ? Buffer.alloc(SALT_SIZES[hash] ?? 16, 7) : bytes());
  const message = concatBytes(salt, ...content, head, tail);
  const digest = createHash(hash).update(message).digest();
  const numbers = (options.forge ?? ((raw) => raw))(key.sign(hash, message));
  const write = options.write ?? (key.native ? (raw: Bytes) => raw : mpi);
  return concatBytes(
    head,
    area(options.unhashed ?? (key.version === 4 ? [issuerKeyId(key)] : [])),
    options.prefix ?? digest.subarray(0, 2),
    ...(version === 6 ? [bytes(salt.length), salt] : []),
    ...numbers.map(write),
    options.trailing ?? bytes(),
  );
}

/** An armored detached signature over `payload`. */
export const signature = (key: TestKey, payload: Bytes = PAYLOAD, options: SignatureOptions = {}): Bytes =>
  armor("PGP SIGNATURE", packet(2, signatureBody(key, [payload], options)));

// ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────

export const CERTIFY = 0x01;
const SIGN = 0x02;

export function userIdContent(primary: TestKey, userId: string): readonly Bytes[] {
  return [primary.framed, bytes(0xb4), number(userId.length, 4), fromLatin1(userId)];
}

/** A self-certification (0x13), or with `maker` somebody else's. */
export function certification(
  primary: TestKey,
  userId: string,
  {
    flags = CERTIFY | SIGN,
    maker = primary,
    ...options
  }: SignatureOptions & { flags?: number | null; maker?: TestKey } = {},
): Bytes {
  const hashed = [...(flags === null ? [] : [keyFlags(flags)]), ...(options.hashed ?? [])];
  const body = signatureBody(maker, userIdContent(primary, userId), { type: 0x13, at: MADE, ...options, hashed });
  return packet(2, body);
}

/** A direct-key signature (0x1f). */
export function directKey(primary: TestKey, options: SignatureOptions & { flags?: number | null } = {}): Bytes {
  const { flags = CERTIFY | SIGN } = options;
  const hashed = [...(flags === null ? [] : [keyFlags(flags)]), ...(options.hashed ?? [])];
  return packet(2, signatureBody(primary, [primary.framed], { type: 0x1f, at: MADE, ...options, hashed }));
}

/** The back-signature of a signing subkey (0x19). */
export function backSignature(primary: TestKey, subkey: TestKey, options: SignatureOptions = {}): Bytes {
  return signatureBody(subkey, [primary.framed, subkey.framed], { type: 0x19, at: MADE, ...options });
}

export interface BindingOptions extends SignatureOptions {
  readonly flags?: number | null;
  readonly maker?: TestKey;
  /** Embedded signature; null for none. */
  readonly back?: Bytes | null;
  /** Where the embedded signature stands. */
  readonly backArea?: "hashed" | "unhashed";
}

/** A subkey binding (0x18), cross-signed unless said otherwise. */
export function binding(primary: TestKey, subkey: TestKey, options: BindingOptions = {}): Bytes {
  const { flags = SIGN, maker = primary, back = backSignature(primary, subkey), backArea = "unhashed" } = options;
  const cross = back === null ? [] : [embedded(back)];
  const hashed = [
    ...(flags === null ? [] : [keyFlags(flags)]),
    ...(options.hashed ?? []),
    ...(backArea === "hashed" ? cross : []),
  ];
  const unhashed = options.unhashed ?? [
    ...(maker.version === 4 ? [issuerKeyId(maker)] : []),
    ...(backArea === "unhashed" ? cross : []),
  ];
  const body = signatureBody(maker, [primary.framed, subkey.framed], {
    type: 0x18,
    at: MADE,
    ...options,
    hashed,
    unhashed,
  });
  return packet(2, body);
}

/** A key revocation (0x20), or with `subkey` that of a subkey (0x28). */
export function revocation(
  primary: TestKey,
  at: number,
  code: number | null,
  { subkey, maker = primary, ...options }: SignatureOptions & { subkey?: TestKey; maker?: TestKey } = {},
): Bytes {
  const content = subkey === undefined ? [primary.framed] : [primary.framed, subkey.framed];
  const hashed = [...(code === null ? [] : [reason(code)]), ...(options.hashed ?? [])];
  const type = subkey === undefined ? 0x20 : 0x28;
  return packet(2, signatureBody(maker, content, { type, at, ...options, hashed }));
}

export const publicKey = (key: TestKey): Bytes => packet(6, key.body);
export const publicSubkey = (key: TestKey): Bytes => packet(14, key.body);
export const userId = (text: string): Bytes => packet(13, fromLatin1(text));

export const ALICE = "Alice <alice@example.org>";

/** A certificate with one user ID and the default self-signature. */
export const simpleCertificate = (key: TestKey, options: Parameters<typeof certification>[2] = {}): Bytes =>
  concatBytes(publicKey(key), userId(ALICE), certification(key, ALICE, options));

/** A certify-only primary key with one subkey. */
export const withSubkey = (primary: TestKey, subkey: TestKey, options: BindingOptions = {}): Bytes =>
  concatBytes(simpleCertificate(primary, { flags: CERTIFY }), publicSubkey(subkey), binding(primary, subkey, options));

// ── judging ─────────────────────────────────────────────────────────────────────────────────────────────────────

export interface JudgeOptions {
  readonly payload?: Bytes;
  readonly window?: KeyWindow;
  readonly times?: Partial<SigningTimes>;
  readonly algorithms?: Partial<AlgorithmPolicy>;
}

/** Evidence for an armored signature under certificates; the first is alice's, the second bob's. */
export async function judge(
  armored: Bytes,
  certificates: Bytes | readonly Bytes[],
  { payload = PAYLOAD, window = {}, times, algorithms }: JudgeOptions = {},
): Promise<Evidence> {
  const list = certificates instanceof Uint8Array ? [certificates] : certificates;
  const anchors = createAnchors(
    list.map((certificate, index) => ({
      kind: "openpgp",
      certificate: readCertificate(certificate),
      principal: ["alice", "bob", "carol"][index] ?? `nobody-${index}`,
      window: index === 0 ? window : {},
    })),
    { ...ALGORITHMS, ...algorithms },
  );
  const signed = { payload, signatures: [{ format: "openpgp" as const, bytes: armored }] };
  const [evidence] = await verifySigned(signed, anchors, { ...TIMES, ...times });
  return evidence;
}

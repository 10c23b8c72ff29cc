/**
 * SSH keys, SSHSIG signatures and OpenSSH certificates made part by part with node:crypto, so that every field can be
 * wrong on its own. FIDO keys are software here: the same bytes an authenticator would return, with any flags.
 * What OpenSSH itself makes is in `ssh-keygen.ts`.
 */
import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { concatBytes, fromLatin1 } from "../../src/encoding/bytes.ts";
import { sshStrings } from "../../src/encoding/ssh-wire.ts";
import type { AlgorithmPolicy, Bytes } from "../../src/model.ts";
import { SshAnchors } from "../../src/signature/ssh/anchors.ts";
import type { SshCaEntry, SshKeyEntry, SshTrust } from "../../src/signature/ssh/anchors.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import type { SigningTimes } from "../../src/signature/times.ts";

export type Blob = Buffer;

export const text = (value: string): Bytes => Buffer.from(value, "latin1");
export const strings = (...parts: readonly (Bytes | string)[]): Bytes =>
  sshStrings(...parts.map((part) => (typeof part === "string" ? text(part) : part)));

export function uint32(value: number): Bytes {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function uint64(value: bigint): Bytes {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

/** An unsigned number as RFC 4251 mpint. */
export function mpint(number: Bytes): Bytes {
  let start = 0;
  while (start < number.length && number[start] === 0) start++;
  const digits = number.subarray(start);
  return (digits[0] ?? 0) >= 0x80 ? concatBytes(Uint8Array.of(0), digits) : digits;
}

/** What a test signs with: the fields of the public key after its type, and how its signature blob is made. */
export interface TestKey {
  readonly type: string;
  readonly fields: Bytes;
  readonly blob: Bytes;
  /** The line of a .pub file. */
  readonly line: string;
  sign(message: Bytes, options?: SignatureOptions): Bytes;
}

export interface SignatureOptions {
  /** Algorithm name in the blob; RSA chooses its hash by it. */
  readonly format?: string;
  /** FIDO flags: 1 user present, 4 user verified. */
  readonly flags?: number;
  readonly counter?: number;
  /** Changes the raw signature before it is wrapped (r‖s for ECDSA). */
  readonly forge?: (raw: Buffer) => Buffer;
}

function testKey(type: string, fields: Bytes, signBlob: TestKey["sign"]): TestKey {
  const blob = concatBytes(strings(type), fields);
  return { type, fields, blob, line: `${type} ${encodeBase64(blob)} test`, sign: signBlob };
}

const unforged = (raw: Buffer): Buffer => raw;
const fromJwk = (value: string | undefined): Buffer => Buffer.from(value ?? "", "base64url");

/** `seed`: 32 bytes, for vectors that must not change. */
export function ed25519Key(seed?: Bytes): TestKey {
  const { secret, point } = ed25519Pair(seed);
  return testKey("ssh-ed25519", strings(point), (message, { format = "ssh-ed25519", forge = unforged } = {}) =>
    strings(format, forge(sign(null, message, secret))),
  );
}

function ed25519Pair(seed?: Bytes): { secret: KeyObject; point: Bytes } {
  // RFC 8410: the prefix of a PKCS#8 Ed25519 key.
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const secret =
    seed === undefined
      ? generateKeyPairSync("ed25519").privateKey
      : createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  return { secret, point: fromJwk(secret.export({ format: "jwk" }).x) };
}

/** Ed25519's S replaced by S + L: the same signature in bytes nobody signed. */
export function addOrder(raw: Buffer): Buffer {
  const order = (1n << 252n) + 27742317777372353535851937790883648493n;
  const s = BigInt(`0x${Buffer.from(raw.subarray(32)).reverse().toString("hex")}`) + order;
  const bytes = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([raw.subarray(0, 32), bytes]);
}

const CURVES = {
  nistp256: { namedCurve: "P-256", hash: "sha256" },
  nistp384: { namedCurve: "P-384", hash: "sha384" },
  nistp521: { namedCurve: "P-521", hash: "sha512" },
} as const;

function ecdsaNumbers(raw: Buffer): Bytes {
  const half = raw.length / 2;
  return strings(mpint(raw.subarray(0, half)), mpint(raw.subarray(half)));
}

export function ecdsaKey(curve: keyof typeof CURVES): TestKey {
  const { namedCurve, hash } = CURVES[curve];
  const { privateKey } = generateKeyPairSync("ec", { namedCurve });
  const { x, y } = privateKey.export({ format: "jwk" });
  const type = `ecdsa-sha2-${curve}`;
  const point = Buffer.concat([Uint8Array.of(4), fromJwk(x), fromJwk(y)]);
  return testKey(type, strings(curve, point), (message, { format = type, forge = unforged } = {}) => {
    const raw = sign(hash, message, { key: privateKey, dsaEncoding: "ieee-p1363" });
    return strings(format, ecdsaNumbers(forge(raw)));
  });
}

const RSA_HASHES: Readonly<Record<string, string>> = { "rsa-sha2-256": "sha256", "ssh-rsa": "sha1" };

export function rsaKey(modulusLength = 2048, publicExponent = 65537): TestKey {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent });
  const { e, n } = privateKey.export({ format: "jwk" });
  const fields = strings(mpint(fromJwk(e)), mpint(fromJwk(n)));
  return testKey("ssh-rsa", fields, (message, { format = "rsa-sha2-512", forge = unforged } = {}) =>
    strings(format, forge(sign(RSA_HASHES[format] ?? "sha512", message, privateKey))),
  );
}

const sha256 = (bytes: Bytes): Bytes => createHash("sha256").update(bytes).digest();

function authenticatorData(application: string, message: Bytes, flags: number, counter: number): Bytes {
  return concatBytes(sha256(text(application)), Uint8Array.of(flags), uint32(counter), sha256(message));
}

export function skEd25519Key(application = "ssh:", seed?: Bytes): TestKey {
  const { secret, point } = ed25519Pair(seed);
  const type = "sk-ssh-ed25519@openssh.com";
  return testKey(type, strings(point, application), (message, options = {}) => {
    const { format = type, flags = 1, counter = 7, forge = unforged } = options;
    const raw = forge(sign(null, authenticatorData(application, message, flags, counter), secret));
    return concatBytes(strings(format, raw), Uint8Array.of(flags), uint32(counter));
  });
}

export function skEcdsaKey(application = "ssh:"): TestKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x, y } = privateKey.export({ format: "jwk" });
  const type = "sk-ecdsa-sha2-nistp256@openssh.com";
  const point = Buffer.concat([Uint8Array.of(4), fromJwk(x), fromJwk(y)]);
  return testKey(type, strings("nistp256", point, application), (message, options = {}) => {
    const { format = type, flags = 1, counter = 7, forge = unforged } = options;
    const data = authenticatorData(application, message, flags, counter);
    const raw = forge(sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" }));
    return concatBytes(strings(format, ecdsaNumbers(raw)), Uint8Array.of(flags), uint32(counter));
  });
}

// ── SSHSIG ──────────────────────────────────────────────────────────────────────────────────────────────────────

export interface SshSigOptions extends SignatureOptions {
  readonly version?: number;
  /** What stands in the blob; the signed structure says the same unless `signedNamespace` differs. */
  readonly namespace?: string;
  readonly signedNamespace?: string;
  readonly reserved?: string;
  readonly signedReserved?: string;
  readonly hash?: string;
  readonly signedHash?: string;
  /** Public key or certificate in the blob, if not the signer's own plain key. */
  readonly publicKey?: Bytes;
  readonly trailing?: Bytes;
  /** Replaces the signature blob. */
  readonly signature?: Bytes;
}

export function signedStructure(payload: Bytes, options: SshSigOptions = {}): Bytes {
  const { namespace = "git", reserved = "", hash = "sha512" } = options;
  const { signedNamespace = namespace, signedReserved = reserved, signedHash = hash } = options;
  const digest = createHash(signedHash).update(payload).digest();
  return concatBytes(text("SSHSIG"), strings(signedNamespace, signedReserved, signedHash, digest));
}

/** The container, unarmored. */
export function sshSigBlob(key: TestKey, payload: Bytes, options: SshSigOptions = {}): Bytes {
  const { version = 1, namespace = "git", reserved = "", hash = "sha512", publicKey = key.blob } = options;
  const signature = options.signature ?? key.sign(signedStructure(payload, options), options);
  return concatBytes(
    text("SSHSIG"),
    uint32(version),
    strings(publicKey, namespace, reserved, hash, signature),
    options.trailing ?? new Uint8Array(),
  );
}

/** Lines of 70 columns, as ssh-keygen writes. */
export function sshArmor(blob: Bytes): Bytes {
  const lines = encodeBase64(blob).match(/.{1,70}/g) ?? [];
  return fromLatin1(["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----", ""].join("\n"));
}

export const sshSig = (key: TestKey, payload: Bytes, options: SshSigOptions = {}): Bytes =>
  sshArmor(sshSigBlob(key, payload, options));

// ── certificates ────────────────────────────────────────────────────────────────────────────────────────────────

export interface CertificateOptions {
  readonly type?: string;
  readonly role?: number;
  readonly principals?: readonly string[];
  readonly validAfter?: bigint;
  readonly validBefore?: bigint;
  readonly criticalOptions?: readonly (readonly [name: string, data: string | Bytes])[];
  readonly extensions?: readonly (readonly [name: string, data: string | Bytes])[];
  readonly reserved?: string;
  /** The CA key in the certificate, if not that of the CA that signs. */
  readonly authority?: Bytes;
  readonly sign?: SignatureOptions;
  readonly signature?: Bytes;
  readonly trailing?: Bytes;
}

export const certificateType = (type: string): string => `${type.replace("@openssh.com", "")}-cert-v01@openssh.com`;

/** A certificate by `ca` for `key`, in wire form. */
export function certify(ca: TestKey, key: TestKey, options: CertificateOptions = {}): Bytes {
  const { type = certificateType(key.type), role = 1, principals = ["alice@example.org"] } = options;
  const { validAfter = 0n, validBefore = 0xffffffffffffffffn, reserved = "" } = options;
  const pack = (pairs: CertificateOptions["criticalOptions"] = []): Bytes =>
    concatBytes(...pairs.map(([name, data]) => strings(name, data)));
  const body = concatBytes(
    strings(type, "nonce"),
    key.fields,
    uint64(1n),
    uint32(role),
    strings("key id", strings(...principals)),
    uint64(validAfter),
    uint64(validBefore),
    strings(pack(options.criticalOptions), pack(options.extensions ?? [["permit-pty", ""]]), reserved),
    strings(options.authority ?? ca.blob),
  );
  const signature = options.signature ?? ca.sign(body, options.sign);
  return concatBytes(body, strings(signature), options.trailing ?? new Uint8Array());
}

// ── trust and time ──────────────────────────────────────────────────────────────────────────────────────────────

export const ALGORITHMS: AlgorithmPolicy = { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] };
export const NOW = 1_790_000_000;
export const TIMES: SigningTimes = { now: NOW, claimed: NOW - 60, receivedAt: null };

export function keyEntry(key: TestKey, more: Partial<Omit<SshKeyEntry, "kind" | "key">> = {}): SshKeyEntry {
  const entry = { principal: "alice", window: {}, namespaces: ["git"], ...more };
  return { kind: "ssh", key: parseSshPublicKey(key.line), ...entry };
}

export function caEntry(ca: TestKey, more: Partial<Omit<SshCaEntry, "kind" | "key">> = {}): SshCaEntry {
  const entry = { principal: "alice", window: {}, namespaces: ["git"], principals: ["alice@example.org"], ...more };
  return { kind: "sshCa", key: parseSshPublicKey(ca.line), ...entry };
}

export function sshTrust(
  entries: readonly (SshKeyEntry | SshCaEntry)[],
  algorithms: Partial<AlgorithmPolicy> = {},
): SshTrust {
  return { algorithms: { ...ALGORITHMS, ...algorithms }, ssh: new SshAnchors(entries) };
}

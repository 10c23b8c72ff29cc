/** SSH public keys: the wire form (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4, PROTOCOL.u2f) and the one-line text form. */
import { createPublicKey } from "node:crypto";
import type { JsonWebKey, KeyObject } from "node:crypto";
import { decodeBase64, encodeBase64Unpadded } from "../../encoding/base64.ts";
import { asBuffer, fromLatin1, latin1 } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import { SshReader, sshStrings } from "../../encoding/ssh-wire.ts";
import { KeyError, ParseError } from "../../errors.ts";
import type { Bytes, Fingerprint } from "../../model.ts";
import { KEY_TYPES, certifiedShape, isDsa, shapeOf } from "./algorithms.ts";
import type { KeyShape } from "./algorithms.ts";
import { bitLength, isWeakEd25519Point, readUnsigned } from "./numbers.ts";

export interface SshPublicKey {
  readonly shape: KeyShape;
  readonly type: string;
  /** `ed25519`, `ecdsa-p256`, `rsa`, `sk-ed25519`, … */
  readonly algorithm: string;
  readonly bits: number;
  /** The key in wire form; two keys are the same exactly when these bytes are. */
  readonly blob: Bytes;
  /** `SHA256:` and unpadded base64, as `ssh-keygen -l` prints it. */
  readonly fingerprint: Fingerprint;
  readonly jwk: JsonWebKey;
  /** What a FIDO key is bound to (`ssh:` unless its maker chose otherwise); part of what the authenticator signs. */
  readonly application: Bytes | null;
}

/** OpenSSH's own floor; the policy's `rsaBits` is judged later, so that a short key gets its own code. */
const RSA_FLOOR = 1024;
/** OpenSSL refuses more, and work grows with the cube: a stranger chooses the size. */
const RSA_CEILING = 16384;

const base64Url = (bytes: Bytes): string => asBuffer(bytes).toString("base64url");

/**
 * Reads a plain public key in wire form; trailing bytes, other encodings of the same key, points of small order and
 * impossible RSA numbers are refused, so that equal keys have equal blobs.
 *
 * @throws ParseError when the blob is malformed, a certificate, or of an unknown type
 */
export function readSshPublicKey(blob: Bytes, what = "SSH public key"): SshPublicKey {
  const reader = new SshReader(blob, what);
  const shape = shapeOf(reader.text());
  if (shape === null) throw new ParseError(what, "the key is of no plain type that signpolicy knows");
  const key = readKeyFields(reader, shape, what);
  reader.end();
  return key;
}

/**
 * Reads the fields of a key that follow its type (and, in a certificate, the nonce), and leaves `reader` behind them.
 *
 * @throws ParseError
 */
export function readKeyFields(reader: SshReader, shape: KeyShape, what: string): SshPublicKey {
  const parts: Bytes[] = [fromLatin1(shape.type)];
  const field = (): Bytes => {
    const bytes = reader.string();
    parts.push(bytes);
    return bytes;
  };
  const { bits, jwk } = readNumbers(field, shape, what);
  const application = shape.hardware ? field() : null;
  const blob = sshStrings(...parts);
  const digest = digestBytes("sha256", blob);
  const fingerprint = `SHA256:${encodeBase64Unpadded(digest)}` as Fingerprint;
  return { shape, type: shape.type, algorithm: shape.algorithm, bits, blob, fingerprint, jwk, application };
}

function readNumbers(field: () => Bytes, shape: KeyShape, what: string): { bits: number; jwk: JsonWebKey } {
  switch (shape.family) {
    case "ed25519": {
      const point = field();
      if (point.length !== 32) throw new ParseError(what, "an Ed25519 key is 32 bytes");
      // A point of small order verifies signatures nobody made; a second encoding makes a second key of the same one.
      if (isWeakEd25519Point(point)) throw new ParseError(what, "this Ed25519 point is no proper public key");
      return { bits: 256, jwk: { kty: "OKP", crv: "Ed25519", x: base64Url(point) } };
    }
    case "ecdsa": {
      const { curve } = shape;
      if (latin1(field()) !== curve.identifier) {
        throw new ParseError(what, "the curve named in the key is not the one of its type");
      }
      const point = field();
      // RFC 5656 §3.1 allows compressed points; OpenSSH neither writes nor reads them.
      if (point.length !== 1 + 2 * curve.bytes || point[0] !== 4) {
        throw new ParseError(what, "expected an uncompressed point of the curve");
      }
      const x = base64Url(point.subarray(1, 1 + curve.bytes));
      const y = base64Url(point.subarray(1 + curve.bytes));
      return { bits: curve.bits, jwk: { kty: "EC", crv: curve.jwk, x, y } };
    }
    case "rsa": {
      const e = readUnsigned(field(), what);
      const n = readUnsigned(field(), what);
      const bits = bitLength(n);
      // An even or huge exponent, or an even modulus, never came from a key maker; e = 1 verifies anything.
      if (e.length === 0 || e.length > 8 || !isOdd(e) || (e.length === 1 && e[0] === 1)) {
        throw new ParseError(what, "the RSA exponent is not an odd number of 2 to 64 bits");
      }
      if (bits < RSA_FLOOR || bits > RSA_CEILING || !isOdd(n)) {
        throw new ParseError(what, `the RSA modulus is not an odd number of ${RSA_FLOOR} to ${RSA_CEILING} bits`);
      }
      return { bits, jwk: { kty: "RSA", e: base64Url(e), n: base64Url(n) } };
    }
  }
}

const isOdd = (number: Bytes): boolean => ((number.at(-1) ?? 0) & 1) === 1;

const objects = new WeakMap<SshPublicKey, KeyObject>();

/**
 * The key as node:crypto takes it, made once.
 *
 * @throws ParseError where OpenSSL refuses it (a point that is not on its curve)
 */
export function keyObject(key: SshPublicKey): KeyObject {
  let object = objects.get(key);
  if (object === undefined) {
    try {
      object = createPublicKey({ key: key.jwk, format: "jwk" });
    } catch {
      const message = key.shape.family === "ecdsa" ? "the point is not on its curve" : "the key is unusable";
      throw new ParseError("SSH public key", message);
    }
    objects.set(key, object);
  }
  return object;
}

function refuseBlock(line: string): void {
  if (/^-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/u.test(line)) throw new KeyError(PRIVATE_KEY);
  if (/^-{4,5} ?BEGIN/u.test(line)) throw new KeyError(`this is not OpenSSH's own format; expected ${EXPECTED}`);
}

export const PRIVATE_KEY = "this is a private key; expected the .pub file beside it";
const EXPECTED = "one line `type base64 [comment]`, as in a .pub file";

/**
 * Reads the line that `ssh-keygen` writes into a `.pub` file. The comment is ignored: it proves nothing.
 *
 * @throws KeyError naming what was expected
 */
export function parseSshPublicKey(text: string): SshPublicKey {
  const line = text.trimEnd();
  if (line.startsWith("-")) refuseBlock(line);
  if (["\n", "\r", "\0"].some((end) => line.includes(end)))
    throw new KeyError(`there is more than one line; expected ${EXPECTED}`);
  const [type = "", base64 = ""] = line.split(/[ \t]+/u, 2);
  checkType(type);
  if (base64 === "") throw new KeyError(`the key itself is missing; expected ${EXPECTED}`);
  try {
    const blob = decodeBase64(base64);
    if (new SshReader(blob, "SSH public key").text() !== type) {
      throw new KeyError(`the line says ${type}, the key inside says otherwise; expected the same type in both`);
    }
    const key = readSshPublicKey(blob);
    // An Edwards point or an RSA modulus needs no such check; OpenSSL holds the curve equations.
    if (key.shape.family === "ecdsa") keyObject(key);
    return key;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new KeyError(`${error.message}; expected ${EXPECTED}`, { cause: error });
  }
}

function checkType(type: string): void {
  if (shapeOf(type) !== null) return;
  if (isDsa(type)) throw new KeyError("DSA keys are too weak to sign; expected an ssh-ed25519 key, for instance");
  if (certifiedShape(type) !== null) {
    throw new KeyError("this is a certificate; expected the public key of the CA that issued it, under `sshCa`");
  }
  const expected = `expected ${EXPECTED}, without options; type one of ${KEY_TYPES.join(", ")}`;
  if (type === "") throw new KeyError(`the line starts with a space or is empty; ${expected}`);
  throw new KeyError(`the line does not start with a key type that signpolicy knows; ${expected}`);
}

/** The SSHSIG container (PROTOCOL.sshsig): who signed, for which namespace, over which hash. */
import { digestBytes } from "../../encoding/digest.ts";
import { concatBytes, equalBytes, fromLatin1 } from "../../encoding/bytes.ts";
import { SshReader, sshStrings } from "../../encoding/ssh-wire.ts";
import { ParseError } from "../../errors.ts";
import type { AlgorithmPolicy, Bytes } from "../../model.ts";
import type { Reason } from "../times.ts";

const WHAT = "SSH signature";
const MAGIC = fromLatin1("SSHSIG");
const VERSION = 1;

/** Git signs commits and tags for this namespace and no other. */
export const GIT_NAMESPACE = "git";

export interface SshSig {
  /** Public key or certificate in wire form; the signer's word until it is looked up among the policy's keys. */
  readonly publicKey: Bytes;
  readonly namespace: string;
  readonly hash: "sha256" | "sha512";
  readonly signature: Bytes;
}

/**
 * Reads the container. Field values are the signer's own; nothing is verified yet.
 *
 * @returns the parts, or why no signature of this form can stand (namespace, hash, version)
 * @throws ParseError when it is malformed or anything follows it
 */
export function readSshSig(bytes: Bytes, algorithms: AlgorithmPolicy): SshSig | Reason {
  if (!equalBytes(bytes.subarray(0, MAGIC.length), MAGIC)) throw new ParseError(WHAT, "does not begin with SSHSIG");
  const reader = new SshReader(bytes, WHAT);
  reader.raw(MAGIC.length);
  const version = reader.uint32();
  if (version > VERSION) return { code: "unsupported", detail: `version ${version} of the SSH signature format` };
  if (version !== VERSION) throw new ParseError(WHAT, "version 0 does not exist");
  const publicKey = reader.string();
  const namespace = reader.text();
  // OpenSSH ignores the reserved field: whatever stands there is signed, but by whom nobody has defined.
  if (reader.string().length > 0) throw new ParseError(WHAT, "the reserved field is not empty");
  const hash = reader.text();
  const signature = reader.string();
  reader.end();
  // Compared whole: a prefix, a trailing NUL or the empty namespace is another namespace.
  if (namespace !== GIT_NAMESPACE)
    return { code: "wrong-namespace", detail: "signed for another namespace than `git`" };
  if (hash !== "sha256" && hash !== "sha512") {
    const weak = WEAK_HASHES.has(hash.toLowerCase());
    if (weak) return { code: "weak-algorithm", detail: "the message was hashed with a broken algorithm" };
    throw new ParseError(WHAT, "the message's hash is neither sha256 nor sha512");
  }
  if (!algorithms.hashes.includes(hash)) {
    return { code: "weak-algorithm", detail: `the message was hashed with ${hash}, which the policy does not allow` };
  }
  return { publicKey, namespace, hash, signature };
}

const WEAK_HASHES: ReadonlySet<string> = new Set(["md5", "sha1", "ripemd160", "sha224"]);

/** The bytes that were signed (PROTOCOL.sshsig §3: "Signed Data"). */
export function signedData({ namespace, hash }: SshSig, payload: Bytes): Bytes {
  const digest = digestBytes(hash, payload);
  return concatBytes(MAGIC, sshStrings(fromLatin1(namespace), new Uint8Array(), fromLatin1(hash), digest));
}

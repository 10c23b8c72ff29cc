/** SSH signatures (PROTOCOL.sshsig) over commits and tags: bytes from outside, the policy's keys and three clocks give evidence. */
import { decodeArmor } from "../../encoding/armor.ts";
import { latin1 } from "../../encoding/bytes.ts";
import { SshReader } from "../../encoding/ssh-wire.ts";
import { ParseError } from "../../errors.ts";
import type { AlgorithmPolicy, Bytes, Evidence, Fingerprint } from "../../model.ts";
import { verifyInPool } from "../raw.ts";
import type { RawVerifier } from "../raw.ts";
import type { Reason, SigningTimes } from "../times.ts";
import { certifiedShape, isDsa, shapeOf } from "./algorithms.ts";
import type { SshTrust } from "./anchors.ts";
import { readSshCertificate, type SshCertificate } from "./certificate.ts";
import { readSshPublicKey } from "./key.ts";
import type { SshPublicKey } from "./key.ts";
import { proveSignature, userPresent } from "./prove.ts";
import { readSshSignature } from "./signature.ts";
import type { SshSignature } from "./signature.ts";
import { readSshSig, signedData } from "./sshsig.ts";
import { judgeSigner, UNLISTED } from "./standing.ts";
import type { ClaimedSigner } from "./standing.ts";

/**
 * What one SSH signature proves about `payload`. The signature is proven by cryptography before anything is said of the
 * standing of its key; a certificate counts only through the CA entry that issued it, a plain key only through its own.
 * The signature has no date: `times.claimed`, the object's own, stands in for one.
 *
 * Whatever the bytes hold, the answer is evidence, never an exception.
 */
export async function verifySsh(
  signature: Bytes,
  payload: Bytes,
  anchors: SshTrust,
  times: SigningTimes,
  raw: RawVerifier = verifyInPool,
): Promise<Evidence> {
  let issuer: Fingerprint | null = null;
  let suspect: string | null = null;
  const refuse = ({ code, detail }: Reason): Evidence => ({
    outcome: code === "unknown-key" || code === "unsupported" ? "undecided" : "refuted",
    format: "ssh",
    code,
    detail,
    issuer,
    signedAt: times.claimed,
    suspect,
  });
  try {
    const sig = readSshSig(decodeArmor(signature, "SSH SIGNATURE"), anchors.algorithms);
    if ("code" in sig) return refuse(sig);
    const signer = knownSigner(sig.publicKey);
    if ("code" in signer) return refuse(signer);
    const { key, certificate } = signer;
    issuer = key.fingerprint;

    // Looked up by the bytes of the key; a stranger's key is not even tried, so that it costs nothing.
    const entries =
      certificate === null ? anchors.ssh.keys(key.blob) : anchors.ssh.authorities(certificate.authority.blob);
    if (entries.length === 0) return refuse(unknownKey(signer));
    if (entries.every(({ principal }) => principal === entries[0]?.principal)) suspect = entries[0]?.principal ?? null;

    // Both signatures where a certificate stands between: the CA's over the certificate, then the key's over the payload.
    const misissued = certificate === null ? null : await proveIssue(certificate, anchors.algorithms, raw);
    if (misissued !== null) return refuse(misissued);
    const proven = await proveBlob(sig.signature, key, signedData(sig, payload), anchors.algorithms, raw);
    if ("code" in proven) return refuse(proven);
    const judged = judgeSigner(signer, entries, proven.presence, anchors, times);
    if ("code" in judged) return refuse(judged);
    const { fingerprint, algorithm, bits } = key;
    const primary = certificate?.authority.fingerprint ?? fingerprint;
    return {
      outcome: "verified",
      format: "ssh",
      issuer,
      signedAt: times.claimed,
      signer: { key: { fingerprint, primary, algorithm, bits }, principal: judged.principal },
      lapsed: judged.lapsed,
    };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return refuse({ code: "malformed", detail: error.message });
  }
}

/** Signers of a history are few, and reading a key takes longer than all else that is read. */
const REMEMBERED = 256;
const LONGEST = 4096;
const signers = new Map<string, ClaimedSigner>();

function knownSigner(publicKey: Bytes): ClaimedSigner | Reason {
  if (publicKey.length > LONGEST) return readSigner(publicKey);
  const bytes = latin1(publicKey);
  const known = signers.get(bytes);
  if (known !== undefined) return known;
  const signer = readSigner(publicKey);
  if ("code" in signer) return signer;
  if (signers.size >= REMEMBERED) signers.clear();
  signers.set(bytes, signer);
  return signer;
}

/** The key or certificate that the signature carries, by its own account. */
export function readSigner(publicKey: Bytes): ClaimedSigner | Reason {
  const type = new SshReader(publicKey, "SSH public key").text();
  if (shapeOf(type) !== null) return { key: readSshPublicKey(publicKey), certificate: null };
  if (certifiedShape(type) !== null) {
    const certificate = readSshCertificate(publicKey);
    return { key: certificate.key, certificate };
  }
  if (isDsa(type)) return { code: "weak-algorithm", detail: "signed by a DSA key" };
  return { code: "unsupported", detail: "signed by an SSH key of a type that signpolicy does not know" };
}

function unknownKey({ certificate }: ClaimedSigner): Reason {
  if (certificate === null) return UNLISTED;
  const ca = certificate.authority.fingerprint;
  return { code: "unknown-key", detail: `a certificate of an SSH CA that the policy does not list (${ca})` };
}

/** Why the CA did not issue this certificate; null where it did. */
async function proveIssue(
  { signature, authority, signedBytes }: SshCertificate,
  algorithms: AlgorithmPolicy,
  raw: RawVerifier,
): Promise<Reason | null> {
  const issued = await proveBlob(signature, authority, signedBytes, algorithms, raw);
  if ("code" in issued) {
    return issued.code === "bad-signature"
      ? { code: "cert-invalid", detail: "the CA did not sign this certificate" }
      : issued;
  }
  if (issued.presence === null || userPresent(issued.presence)) return null;
  return { code: "cert-invalid", detail: "the CA's authenticator issued this certificate with nobody present" };
}

async function proveBlob(
  blob: Bytes,
  key: SshPublicKey,
  message: Bytes,
  algorithms: AlgorithmPolicy,
  raw: RawVerifier,
): Promise<SshSignature | Reason> {
  const signature = readSshSignature(blob, key, algorithms);
  if ("code" in signature || (await proveSignature(key, signature, message, raw))) return signature;
  return { code: "bad-signature", detail: `this is not what ${key.fingerprint} signed` };
}

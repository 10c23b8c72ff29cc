/** The key that made a commit's signature: an SSH signature carries it, an OpenPGP one names it. */
import { decodeArmor } from "../encoding/armor.ts";
import { encodeBase64 } from "../encoding/base64.ts";
import { KeyError, ParseError, SignpolicyError, UsageError } from "../errors.ts";
import { exportCertificates } from "../io/gpg.ts";
import type { GpgPlace } from "../io/gpg.ts";
import type { AlgorithmPolicy, Commit, Seconds } from "../model.ts";
import { createAnchors } from "../signature/anchors.ts";
import type { AnchorEntry } from "../signature/anchors.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import { readSshSig } from "../signature/ssh/sshsig.ts";
import { readSigner } from "../signature/ssh/verify.ts";
import { verifySigned } from "../signature/verify.ts";
import type { OfferedKey } from "./key-list.ts";
import { readKeyList } from "./key-list.ts";

/** As loose as any policy may be: whether the key is good enough is for the policy it goes into. */
const ALGORITHMS: AlgorithmPolicy = { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] };

/**
 * The key, after its signature over this very commit has verified: who offers the commit has proved that its signer held
 * the key, and nothing about who he is. The committer's name and e-mail go along as claims.
 *
 * @throws UsageError, KeyError when the commit gives no key; SignpolicyError ERR_IO when gpg is needed and fails
 */
export async function keyOfCommit(commit: Commit, now: Seconds, gpg: GpgPlace): Promise<OfferedKey> {
  const [signature, ...others] = commit.signatures;
  const short = commit.oid.slice(0, 12);
  if (signature === undefined) {
    throw new UsageError(`commit ${short} is not signed, so it carries no key`, {
      hint: "name a commit that is, or the key's file, fingerprint or text",
    });
  }
  if (others.length > 0) throw new KeyError(`commit ${short} carries more than one signature`);
  const offered = signature.format === "ssh" ? sshKeyOf(signature.bytes, short) : await openPgpKeyOf(commit, now, gpg);
  const evidence = await verifySigned(commit, createAnchors([anchorOf(offered)], ALGORITHMS), {
    now,
    claimed: commit.committer.at,
    receivedAt: null,
  });
  if (evidence[0].outcome !== "verified") {
    throw new KeyError(`the signature of ${short} does not verify with the key it names: ${evidence[0].detail}`);
  }
  const { name, email } = commit.committer;
  return { ...offered, emails: [utf8(email)], name: utf8(name) };
}

function sshKeyOf(bytes: Uint8Array, short: string): OfferedKey {
  try {
    const sig = readSshSig(decodeArmor(bytes, "SSH SIGNATURE"), ALGORITHMS);
    if ("code" in sig) throw new KeyError(`the signature of ${short} cannot count: ${sig.detail}`);
    const signer = readSigner(sig.publicKey);
    if ("code" in signer) throw new KeyError(`the signature of ${short} cannot count: ${signer.detail}`);
    const { key, certificate } = signer;
    if (certificate !== null) {
      const { type, blob, fingerprint } = certificate.authority;
      throw new UsageError(`commit ${short} was signed through a certificate of the CA ${fingerprint}`, {
        hint: `to trust that CA for a principal: signpolicy keys add --ca --principal NAME '${type} ${encodeBase64(blob)}'`,
      });
    }
    const text = `${key.type} ${encodeBase64(key.blob)}`;
    return { format: "ssh", text, fingerprint: key.fingerprint, comment: "", emails: [], name: null, limits: {} };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new KeyError(`the signature of ${short} is malformed: ${error.message}`, { cause: error });
  }
}

async function openPgpKeyOf(commit: Commit, now: Seconds, gpg: GpgPlace): Promise<OfferedKey> {
  const short = commit.oid.slice(0, 12);
  const none = createAnchors([], ALGORITHMS);
  const [evidence] = await verifySigned(commit, none, { now, claimed: commit.committer.at, receivedAt: null });
  const { issuer } = evidence;
  if (issuer === null) throw new KeyError(`the signature of ${short} names no key`);
  const exported = readKeyList(await exportCertificates(gpg, issuer));
  const [only, second] = exported;
  if (only !== undefined && second === undefined) return only;
  const many = exported.length > 1 ? `more than one certificate for ${issuer}` : `no certificate of ${issuer}`;
  throw new SignpolicyError("ERR_KEY_INVALID", `${short} is signed by the OpenPGP key ${issuer}, and gpg has ${many}`, {
    hint: `get the certificate from its owner, then: signpolicy keys add FILE`,
  });
}

function anchorOf({ format, text }: OfferedKey): AnchorEntry {
  const common = { principal: "signer", window: {} };
  if (format === "openpgp") return { kind: "openpgp", certificate: readCertificate(Buffer.from(text)), ...common };
  const [, blob = ""] = text.split(" ");
  const signer = readSigner(Buffer.from(blob, "base64"));
  if ("code" in signer) throw new KeyError(signer.detail);
  return { kind: "ssh", key: signer.key, namespaces: ["git"], ...common };
}

const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");

/** What a signature says of itself, in words. Nothing here is proved: it is what a reader would see in the armor. */
import { decodeArmor } from "../encoding/armor.ts";
import { formatTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import type { AlgorithmPolicy, RawSignature } from "../model.ts";
import { hashFacts } from "../signature/openpgp/algorithms.ts";
import { splitPackets } from "../signature/openpgp/packets.ts";
import { readSignature } from "../signature/openpgp/signature.ts";
import { readSshSig } from "../signature/ssh/sshsig.ts";
import { readSigner } from "../signature/ssh/verify.ts";

export function signatureFacts(signatures: readonly RawSignature[], algorithms: AlgorithmPolicy): readonly string[] {
  const [signature, ...others] = signatures;
  if (signature === undefined) return ["none"];
  if (others.length > 0) return [`${signatures.length} signatures where one may stand`];
  const size = `${signature.bytes.length} bytes`;
  try {
    if (signature.format === "ssh") return [...sshFacts(signature, algorithms), size];
    if (signature.format === "openpgp") return [...openPgpFacts(signature), size];
    return [signature.format === "x509" ? "X.509" : "in no known format", size];
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    return [`${signature.format}, malformed: ${error.message}`, size];
  }
}

function sshFacts({ bytes }: RawSignature, algorithms: AlgorithmPolicy): readonly string[] {
  const sig = readSshSig(decodeArmor(bytes, "SSH SIGNATURE"), algorithms);
  if ("code" in sig) return ["ssh", sig.detail];
  const signer = readSigner(sig.publicKey);
  if ("code" in signer) return ["ssh", signer.detail];
  const { key, certificate } = signer;
  const through = certificate === null ? [] : [`through a certificate of the CA ${certificate.authority.fingerprint}`];
  return ["ssh", `by ${key.algorithm} ${key.fingerprint}`, ...through, `namespace ${sig.namespace}`, sig.hash];
}

function openPgpFacts({ bytes }: RawSignature): readonly string[] {
  const [packet] = splitPackets(decodeArmor(bytes, "PGP SIGNATURE"), "OpenPGP signature");
  if (packet === undefined) return ["openpgp", "empty"];
  const signature = readSignature(packet.body);
  if ("unsupported" in signature) return ["openpgp", signature.unsupported];
  const { version, hashAlgorithm, issuers, facts } = signature;
  const issuer = issuers.fingerprints[0]?.fingerprint ?? issuers.keyIds[0];
  return [
    `openpgp version ${version}`,
    ...(issuer === undefined ? [] : [`names key ${issuer}`]),
    hashFacts(hashAlgorithm)?.name ?? `hash ${hashAlgorithm}`,
    ...(facts.created === null ? [] : [`made ${formatTime(facts.created)}`]),
  ];
}

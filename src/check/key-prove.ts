/** `keys add --prove`: has a new key sign whose it is. */
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { targetIfAny } from "../io/files.ts";
import { findRepository } from "../io/repository.ts";
import { readConfig } from "../io/config.ts";
import { latin1 } from "../encoding/bytes.ts";
import type { AlgorithmPolicy, Seconds } from "../model.ts";
import type { AnchorEntry } from "../signature/anchors.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import { parseSshPublicKey } from "../signature/ssh/key.ts";
import { type KeyClaim, keyClaimPayload } from "../subject/key-proof.ts";
import { signByName } from "./detached-signer.ts";
import type { OfferedKey } from "./key-list.ts";
import { claimEvidence } from "./key-proof.ts";

export interface ProveOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
  /** Words that the key came from: of an SSH key the file beside which the secret half lies. */
  readonly source: string;
  /** What signs: a file, or gpg's name of a key; `true` where the source says it. */
  readonly prove: string | true;
}

/**
 * The new key's signature over whose it is, checked as it will be when the policy is judged.
 *
 * @throws UsageError when the key makes none, or another key made it
 */
export async function proveKey(
  key: OfferedKey,
  claim: KeyClaim,
  algorithms: AlgorithmPolicy,
  options: ProveOptions,
): Promise<string> {
  if (key.format === "sshCa") throw new UsageError("a CA speaks for others; it proves no key of one's own");
  const config = await readConfig(await findRepository(options.directory, options.environment));
  const signer = options.prove === true ? await usualSigner(key, options) : options.prove;
  const proof = latin1(await signByName(keyClaimPayload(claim), config, { ...options, key: signer }));
  const evidence = await claimEvidence(anchorOf(key, claim.principal), claim, proof, algorithms, options.now);
  if (evidence.outcome !== "verified") {
    throw new UsageError(`that is no signature by ${key.fingerprint}: ${evidence.detail} (${evidence.code})`, {
      hint: "say what signs with the new key: --prove FILE, or --prove FINGERPRINT for gpg",
    });
  }
  return proof;
}

/** `id.pub` stands beside `id`; where it does not, the agent holds it. */
async function usualSigner({ format, fingerprint }: OfferedKey, { directory, source }: ProveOptions): Promise<string> {
  if (format === "openpgp") return fingerprint;
  const secret = source.replace(/\.pub$/, "");
  const isThere = (await targetIfAny(resolve(directory, secret)))?.isFile() ?? false;
  return isThere ? secret : source;
}

function anchorOf({ format, text }: OfferedKey, principal: string): AnchorEntry {
  if (format === "openpgp") {
    return { kind: "openpgp", certificate: readCertificate(Buffer.from(text)), principal, window: {} };
  }
  return { kind: "ssh", key: parseSshPublicKey(text), principal, window: {}, namespaces: ["git"] };
}

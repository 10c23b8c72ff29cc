import type { AlgorithmPolicy, Evidence, Seconds } from "../model.ts";
import { createAnchors, type AnchorEntry } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { type KeyClaim, signedKeyClaim } from "../subject/key-proof.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** Whom `self` lets bring in keys: bots, agents and forges are looked after by others. */
const PEOPLE: readonly string[] = ["human", "release"];

/**
 * The keys of `after`, new since `before`, that said themselves whose they are: the `proof` beside each is a signature by
 * that very key, and by no other, over its principal's name and e-mails. That the key is good today is not asked; whether it
 * may sign is asked of each signature.
 */
export async function provenKeys(
  before: LoadedPolicy,
  after: LoadedPolicy,
  now: Seconds,
): Promise<ReadonlySet<LoadedKey>> {
  const known = new Set(before.keys.map(fingerprintOf));
  const proven = new Set<LoadedKey>();
  for (const key of after.keys) {
    if (key.entry.proof === null || known.has(fingerprintOf(key))) continue;
    if (await provesItself(key, after, now)) proven.add(key);
  }
  return proven;
}

async function provesItself(key: LoadedKey, { policy }: LoadedPolicy, now: Seconds): Promise<boolean> {
  const { principal, entry, anchor } = key;
  const owner = policy.principals.get(principal);
  if (owner === undefined || !PEOPLE.includes(owner.role) || entry.proof === null) return false;
  const claim = { principal, emails: owner.emails, fingerprint: fingerprintOf(key) };
  const { outcome } = await claimEvidence(anchor, claim, entry.proof, policy.algorithms, now);
  return outcome === "verified";
}

/** What a key's signature over its own claim proves, whatever the policy says of the key beside it. */
export async function claimEvidence(
  anchor: AnchorEntry,
  claim: KeyClaim,
  proof: string,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): Promise<Evidence> {
  const alone = { ...anchor, window: {}, ...(anchor.kind === "openpgp" ? {} : { namespaces: ["git"] }) };
  const [evidence] = await verifySigned(signedKeyClaim(claim, proof), createAnchors([alone], algorithms), {
    now,
    claimed: now,
    receivedAt: null,
  });
  return evidence;
}

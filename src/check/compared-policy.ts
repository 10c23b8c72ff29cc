import { createHash } from "node:crypto";
import type { RefName, Seconds } from "../model.ts";
import type { ComparedKey, ComparedPolicy } from "../policy/policy-diff.ts";
import { administratorsOf } from "../policy/rights.ts";
import { provenKeys } from "./key-proof.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** Two policies as far as one is compared with the other; `ref` is where they govern. */
export async function comparedPolicies(
  before: LoadedPolicy,
  after: LoadedPolicy,
  ref: RefName | null,
  now: Seconds,
): Promise<readonly [ComparedPolicy, ComparedPolicy]> {
  const proven = await provenKeys(before, after, now);
  const compared = ({ policy, keys }: LoadedPolicy): ComparedPolicy => ({
    policy,
    keys: keys.map((key) => comparedKey(key, proven.has(key))),
    administrators: administratorsOf(policy, ref, now),
  });
  return [compared(before), compared(after)];
}

function comparedKey({ principal, entry, anchor, bytes }: LoadedKey, proven: boolean): ComparedKey {
  if (anchor.kind !== "openpgp") {
    const { fingerprint } = anchor.key;
    return { principal, fingerprint, content: "", revocations: [], renewed: 0, proven, entry };
  }
  const { fingerprint, revocations, direct, users, subkeys } = anchor.certificate;
  const own = [
    ...direct,
    ...users.flatMap(({ signatures }) => signatures),
    ...subkeys.flatMap(({ bindings }) => bindings),
  ];
  return {
    principal,
    fingerprint,
    content: digest(bytes),
    revocations: revocations.map(({ body }) => digest(body)),
    renewed: Math.max(0, ...own.map(({ facts }) => facts.created ?? 0)),
    proven,
    entry,
  };
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

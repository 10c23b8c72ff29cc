import { createHash } from "node:crypto";
import type { RefName, Seconds } from "../model.ts";
import type { ComparedKey, ComparedPolicy } from "../policy/policy-diff.ts";
import { administratorsOf } from "../policy/rights.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** A policy as far as it is compared with another; `ref` is where it governs. */
export function comparedPolicy({ policy, keys }: LoadedPolicy, ref: RefName | null, now: Seconds): ComparedPolicy {
  return { policy, keys: keys.map(comparedKey), administrators: administratorsOf(policy, ref, now) };
}

function comparedKey({ principal, entry, anchor, bytes }: LoadedKey): ComparedKey {
  if (anchor.kind !== "openpgp") {
    return { principal, fingerprint: anchor.key.fingerprint, content: "", softened: false, entry };
  }
  const { fingerprint, revocations } = anchor.certificate;
  const content = createHash("sha256").update(bytes).digest("hex");
  return { principal, fingerprint, content, softened: revocations.length > 0, entry };
}

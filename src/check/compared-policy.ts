import type { RefName, Seconds } from "../model.ts";
import type { ComparedKey, ComparedPolicy } from "../policy/policy-diff.ts";
import { administratorsOf } from "../policy/rights.ts";
import { digestOf, statementsOf } from "./compared-certificate.ts";
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
  const [was, is] = [contentsOf(before), contentsOf(after)];
  const compared = async ({ policy, keys }: LoadedPolicy, others: ReadonlySet<string>): Promise<ComparedPolicy> => ({
    policy,
    keys: await Promise.all(keys.map((key) => comparedKey(key, proven.has(key), others))),
    administrators: administratorsOf(policy, ref, now),
  });
  return Promise.all([compared(before, is), compared(after, was)]);
}

const contentsOf = ({ keys }: LoadedPolicy): ReadonlySet<string> => new Set(keys.map(placeOf));

const placeOf = ({ principal, bytes }: LoadedKey): string => `${principal} ${digestOf(bytes)}`;

/** `others`: what the other policy has; of a certificate that is the same there nothing need be proven. */
async function comparedKey(key: LoadedKey, proven: boolean, others: ReadonlySet<string>): Promise<ComparedKey> {
  const { principal, entry, anchor } = key;
  if (anchor.kind !== "openpgp") {
    const { fingerprint } = anchor.key;
    return { principal, fingerprint, content: "", revocations: [], statements: [], proven, entry };
  }
  const { fingerprint, revocations } = anchor.certificate;
  return {
    principal,
    fingerprint,
    content: digestOf(key.bytes),
    revocations: revocations.map(({ body }) => digestOf(body)),
    statements: others.has(placeOf(key)) ? [] : await statementsOf(anchor.certificate),
    proven,
    entry,
  };
}

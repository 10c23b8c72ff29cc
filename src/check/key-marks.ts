import type { Bytes, Seconds } from "../model.ts";
import type { OpenPgpSignature } from "../signature/openpgp/signature.ts";
import { isSoftReason } from "../signature/openpgp/standing.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** What is known of a key that fell into other hands: the policy's own mark, and revocations in its certificate. */
export interface Mark {
  readonly compromised: Seconds | true | null;
  readonly revocations: readonly OpenPgpSignature[];
}

/**
 * The keys that `before` marks and whose entry is gone, unless the key bears a mark elsewhere; `also` those whose mark itself is
 * gone, or says less.
 */
export function lostMarks(before: LoadedPolicy, after: LoadedPolicy, also: boolean): readonly string[] {
  return before.keys.flatMap((key) => {
    const mark = markOf(key);
    if (mark === null) return [];
    const name = fingerprintOf(key);
    const left = after.keys.filter((one) => fingerprintOf(one) === name);
    const stays = left.some((one) => one.principal === key.principal && one.entry.format === key.entry.format);
    const marked = left.flatMap((one) => markOf(one) ?? []);
    const kept = also ? marked.some((one) => saysAll(one, mark)) : stays || marked.length > 0;
    return kept ? [] : [name];
  });
}

function saysAll(mark: Mark, { compromised, revocations }: Mark): boolean {
  const bodies = new Set(mark.revocations.map(({ body }) => hexOf(body)));
  return (
    earlier(mark.compromised, compromised) === mark.compromised &&
    revocations.every(({ body }) => bodies.has(hexOf(body)))
  );
}

/** `retired` beside a revocation without a reason says that it was no theft. */
export function markOf({ anchor }: LoadedKey): Mark | null {
  const { compromised = null, retired } = anchor.window;
  const found = anchor.kind === "openpgp" ? anchor.certificate.revocations.filter(isHard) : [];
  const revocations = retired === undefined ? found : found.filter(({ facts }) => (facts.revocationReason ?? 0) !== 0);
  return compromised === null && revocations.length === 0 ? null : { compromised, revocations };
}

const isHard = ({ facts }: OpenPgpSignature): boolean => !isSoftReason(facts.revocationReason);

export function earlier(a: Seconds | true | null, b: Seconds | true | null): Seconds | true | null {
  if (a === null || b === null) return a ?? b;
  return a === true || b === true ? true : Math.min(a, b);
}

const hexOf = (bytes: Bytes): string => Buffer.from(bytes).toString("hex");

/** What a history says at its end of how it began: which keys were not in their owners' hands, and what stands in spite of it. */
import type { Decision, Evidence, RefName, Seconds } from "../model.ts";
import type { PolicyChain } from "../policy/chain.ts";
import type { Exemption } from "../policy/policy.ts";
import { administratorsOf } from "../policy/rights.ts";
import { fallenKeys, keysStated, NO_FALLEN, signerIdOf, type FallenKeys, type KeyStatement } from "./brought-keys.ts";
import { marksOf, NO_MARKS, type Marks } from "./chain-marks.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { PolicyState } from "./policy-states.ts";

export interface Hindsight {
  /** Keys that are compromised, by fingerprint. */
  readonly marks: Marks;
  /** Keys that such a key brought in, and nobody else confirmed. */
  readonly fallen: FallenKeys;
  /** Exemptions, by `rescueId`, that let no change of the policy stand: whoever made them may owe that right to the change. */
  readonly refused: ReadonlySet<string>;
}

export const NO_HINDSIGHT: Hindsight = { marks: NO_MARKS, fallen: NO_FALLEN, refused: new Set() };

export const rescueId = ({ codes, ...exemption }: Exemption): string => JSON.stringify([exemption, ...codes]);

/** A change of the policy by an authenticated commit. */
export interface ChainChange {
  readonly statement: KeyStatement;
  /** Null where nobody was proven, but it was exempt. */
  readonly signer: Signer | null;
  readonly before: readonly LoadedPolicy[];
  readonly after: LoadedPolicy | null;
  /** Where, and by which time, rights are counted. */
  readonly ref: RefName | null;
  readonly at: Seconds;
}

interface Signer {
  readonly principal: string;
  readonly primary: string;
  readonly fingerprint: string;
}

/**
 * @param proofs - the evidence as it was before anything was rescued
 * @param decision - which allows
 */
export function changeBy(
  decision: Decision,
  proofs: readonly (readonly Evidence[])[],
  states: { readonly before: readonly PolicyState[]; readonly after: PolicyState },
  where: Pick<ChainChange, "ref" | "at">,
): ChainChange {
  const proof = decision.evidence.find((one) => one.outcome === "verified");
  const before = states.before.flatMap(({ loaded }) => loaded ?? []);
  const after = states.after.loaded;
  const rescued = proofs.flat().some((one) => one.outcome === "refuted" && one.code === "key-revoked");
  const statement = {
    by: proof === undefined ? null : signerIdOf(proof),
    key: proof?.signer.key.primary ?? null,
    stands: proof !== undefined && !rescued,
    ...(after === null ? { brings: [], vouches: [], first: false } : keysStated(after, before)),
  };
  const signer = proof === undefined ? null : { principal: proof.signer.principal, ...proof.signer.key };
  return { statement, signer, before, after, ...where };
}

interface Walked {
  readonly chain: PolicyChain<PolicyState>;
  readonly changes: readonly ChainChange[];
}

/**
 * Finds out what reaches back: the history is walked until a walk says nothing new. What is known only grows, and with it what is
 * denied, so it ends; where no compromised key changed the policy, nothing came by it, and one walk tells.
 */
export async function hindsightOf(
  walk: (known: Hindsight) => Promise<Walked>,
  begin: Hindsight,
  start: PolicyState,
): Promise<Hindsight> {
  const blind = await walk(begin);
  const marks = marksOf(blind.chain.policies().flatMap(({ loaded }) => loaded ?? []));
  let known: Hindsight = { ...begin, marks };
  if (!blind.changes.some(({ signer }) => signer !== null && marks.has(signer.primary))) return known;
  for (;;) {
    const { changes } = await walk(known);
    const fallen = new Map([...fallenKeys(changes.map(({ statement }) => statement)), ...known.fallen]);
    const refused = new Set([...known.refused, ...dependentRescues(changes, start)]);
    if (fallen.size === known.fallen.size && refused.size === known.refused.size) return known;
    known = { ...known, fallen, refused };
  }
}

/**
 * The exemptions for a key that changed the policy which nobody made who held the right `exempt`, by the key that he signed
 * them with, before the first of these changes and ever since. Those that the chain begins with are as good as its root.
 */
function dependentRescues(changes: readonly ChainChange[], start: PolicyState): readonly string[] {
  const rescues = new Map<string, Exemption>();
  for (const { after } of changes) {
    for (const one of after?.policy.exempt ?? []) if (one.key !== null) rescues.set(rescueId(one), one);
  }
  const given = new Set(start.loaded?.policy.exempt.map(rescueId));
  return [...rescues].flatMap(([id, { key }]) => {
    const first = changes.findIndex(({ signer, statement }) => !statement.stands && isKey(signer, key));
    if (first === -1 || given.has(id)) return [];
    const independent = changes.some((change, at) => {
      const states = (policy: LoadedPolicy): boolean => policy.policy.exempt.some((one) => rescueId(one) === id);
      if (!change.statement.stands || change.after === null || !states(change.after) || change.before.every(states))
        return false;
      const since = changes.slice(first, at).flatMap(({ after }) => after ?? []);
      return [...(changes[first]?.before ?? []), ...since].every((policy) => holdsExempt(policy, change));
    });
    return independent ? [] : [id];
  });
}

const isKey = (signer: Signer | null, key: string | null): boolean =>
  signer !== null && (signer.primary === key || signer.fingerprint === key);

/** Whether the signer of a change held the right under another policy, by the same key. */
function holdsExempt({ policy, keys }: LoadedPolicy, { signer, ref, at }: ChainChange): boolean {
  if (signer === null || !administratorsOf(policy, ref, at).holders.exempt.has(signer.principal)) return false;
  return keys.some((key) => key.principal === signer.principal && fingerprintOf(key) === signer.primary);
}

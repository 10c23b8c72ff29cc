import type { RefName, Seconds } from "../model.ts";
import { diffPolicies, incomparable, rewritten, type PolicyChange } from "../policy/policy-diff.ts";
import type { PolicyEdit, PolicyStep } from "../policy/policy-edit.ts";
import { RIGHTS, type Policy } from "../policy/policy.ts";
import { ableHolders, administratorsOf } from "../policy/rights.ts";
import { comparedPolicies } from "./compared-policy.ts";
import { lostMarks } from "./key-marks.ts";
import { lookAlikeFaults } from "./look-alikes.ts";
import { NO_POLICY, type PolicyState } from "./policy-states.ts";

/** Who a change is judged by and for. */
export interface EditTerms {
  readonly ref: RefName | null;
  readonly now: Seconds;
  /** When who made it must have been a holder: of a push also now. `now` alone unless given. */
  readonly moments?: readonly Seconds[];
  /** The policy in force, whose administrators must agree as well; null where only the one before judges. */
  readonly inForce: Policy | null;
  readonly binding: boolean;
  /** What is left behind must govern `ref` itself. */
  readonly guards: boolean;
  /** No mark of a key that fell into other hands is taken back, by whoever it may be: as in a chain. */
  readonly keepsMarks?: boolean;
}

/**
 * What a commit changes of the policy. `judges` are the policies that stood before it: that of the newest among its
 * parents, or of each where none is newest. `parents` are all its parents', for the serial.
 */
export async function editOf(
  after: PolicyState,
  judges: readonly PolicyState[],
  parents: readonly PolicyState[],
  terms: EditTerms,
): Promise<PolicyEdit | null> {
  const differing = judges.filter(({ id }) => id !== after.id);
  const beside = lookAlikeFaults(after.lookAlikes ?? [], parents);
  if (differing.length === 0) return beside.length === 0 ? null : { steps: [], faults: beside, binding: terms.binding };
  return {
    steps: await Promise.all(differing.map((before) => stepOf(before, after, terms))),
    faults: [...faultsOf(after, parents, terms), ...marksLost(after, differing, terms.keepsMarks), ...beside],
    binding: terms.binding,
  };
}

async function stepOf(before: PolicyState, after: PolicyState, terms: EditTerms): Promise<PolicyStep> {
  const { ref, now, moments = [now], inForce } = terms;
  const administrators = [before.loaded?.policy, inForce].flatMap((policy) =>
    policy == null ? [] : [administratorsOf(policy, ref, now, moments)],
  );
  if (administrators.length === 0 && after.loaded !== null) {
    administrators.push(administratorsOf(after.loaded.policy, ref, now, moments));
  }
  return { changes: await changesBetween(before, after, ref, now), administrators };
}

/** The typed differences of two states of a policy; never none. */
export async function changesBetween(
  before: PolicyState,
  after: PolicyState,
  ref: RefName | null,
  now: Seconds,
): Promise<readonly PolicyChange[]> {
  if (after.loaded === null) {
    return [incomparable(after.problem === null ? "is removed" : "cannot be read any more", "loosens")];
  }
  if (before.loaded === null) {
    const first = before.id === NO_POLICY.id;
    return [
      incomparable(first ? "is the first one" : "replaces one that cannot be read", first ? "tightens" : "loosens"),
    ];
  }
  const changes = diffPolicies(...(await comparedPolicies(before.loaded, after.loaded, ref, now)));
  return changes.length === 0 ? [rewritten] : changes;
}

/** Why what is left behind could not govern. */
export function faultsOf(
  after: PolicyState,
  parents: readonly PolicyState[],
  terms: Pick<EditTerms, "ref" | "now" | "guards">,
): readonly string[] {
  if (after.loaded === null) return [after.problem ?? "it is gone"];
  const { policy } = after.loaded;
  const serial = serialFault(policy.serial, after, parents);
  const able = terms.guards ? ablenessFault(policy, terms) : null;
  return [serial, able].filter((fault) => fault !== null);
}

/** A mark goes with its entry, and the key could come back without: as somebody's own, with an old proof, and nobody asked. */
export const marksLost = ({ loaded }: PolicyState, judges: readonly PolicyState[], also = false): readonly string[] => {
  if (loaded === null) return [];
  const lost = judges.flatMap((before) => (before.loaded === null ? [] : lostMarks(before.loaded, loaded, also)));
  return [...new Set(lost)].map(
    (fingerprint) =>
      `it forgets that ${fingerprint} is compromised or revoked: leave its entry in place with the mark; what the key signed is judged by it`,
  );
};

/** A serial, once there, rises by one with every change: an older policy that comes back would bring back its keys. */
function serialFault(serial: number | null, after: PolicyState, parents: readonly PolicyState[]): string | null {
  const numbered = parents.flatMap(({ id, loaded }) => {
    const before = loaded?.policy.serial;
    return before == null ? [] : [{ id, before }];
  });
  if (numbered.length === 0) return serial !== null && serial > HIGHEST_FIRST ? tooHigh(serial) : null;
  const highest = Math.max(...numbered.map(({ before }) => before));
  const kept = parents.length > 1 && numbered.some(({ id, before }) => id === after.id && before === highest);
  const asked = kept ? highest : highest + 1;
  if (serial === asked) return null;
  return serial === null ? `its serial is gone; it must be ${asked}` : `its serial is ${serial} and must be ${asked}`;
}

/** Far from where numbers end: after the last one nobody could change the policy any more. */
const HIGHEST_FIRST = 2 ** 31;

const tooHigh = (serial: number): string =>
  `its serial is ${serial}, and the first one may be at most ${HIGHEST_FIRST}, so that others can follow`;

/** Each right must leave as many holders with a key that can sign as a change of it takes. */
export function ablenessFault(policy: Policy, { ref, now }: Pick<EditTerms, "ref" | "now">): string | null {
  const { holders, threshold } = administratorsOf(policy, ref, now);
  for (const right of RIGHTS) {
    const able = ableHolders(policy, holders[right], now).size;
    if (able < threshold)
      return `${able === 0 ? "nobody" : `only ${able}`} who holds the right \`${right}\` could sign, and a change takes ${threshold}`;
  }
  return null;
}

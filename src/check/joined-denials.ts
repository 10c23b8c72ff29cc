import type { Decision } from "../model.ts";

/**
 * What the chain from a trust root denies beside the policy in force. A subject that both were asked about has one decision: who looks
 * it up in a report must not find that it is allowed, and none is counted twice.
 */
export class JoinedDenials {
  readonly #open = new Map<string, Decision>();
  readonly #joined = new Set<string>();

  /** The first of several of one subject is told. */
  add(denial: Decision): void {
    const key = keyOf(denial);
    if (!this.#open.has(key)) this.#open.set(key, denial);
  }

  /** The decision of the policy in force, denied where the chain denies; what that denies itself it has told already. */
  join(decision: Decision): Decision {
    const key = keyOf(decision);
    const denial = this.#open.get(key);
    if (denial === undefined) return decision;
    this.#joined.add(key);
    if (!decision.allow) return decision;
    return { ...decision, allow: false, exempt: false, findings: [...denial.findings, ...decision.findings] };
  }

  /** What was joined with no decision of the policy in force. */
  rest(): readonly Decision[] {
    return [...this.#open].flatMap(([key, denial]) => (this.#joined.has(key) ? [] : [denial]));
  }

  /** Replaces decisions in place, and adds the rest. */
  into(decisions: Decision[]): void {
    for (const [at, decision] of decisions.entries()) decisions[at] = this.join(decision);
    decisions.push(...this.rest());
  }
}

/** A commit or tag is the same on whatever ref; refs are told apart. */
const keyOf = ({ subject: { kind, oid, ref } }: Decision): string =>
  `${kind} ${oid ?? ""} ${kind === "ref" || kind === "push" ? (ref ?? "") : ""}`;

export function joinedDenials(denials: readonly Decision[]): JoinedDenials {
  const joined = new JoinedDenials();
  for (const denial of denials) joined.add(denial);
  return joined;
}

import type { Decision } from "../model.ts";
import type { TrustMerges } from "../policy/policy.ts";

/**
 * Hands on the decisions of a chain. Where every commit must be authenticated a denial is final when it falls. Where a merge
 * may vouch, a denial waits to be told from a side that nobody relies on: that one is a warning.
 */
export class ChainEmission {
  readonly #final: boolean;
  readonly #emit: (decision: Decision) => Promise<void>;
  readonly #held: Decision[] = [];

  /** @param modes - every `trust.merges` that may come to apply */
  constructor(modes: readonly TrustMerges[], emit: (decision: Decision) => Promise<void>) {
    this.#final = modes.every((mode) => mode === "every");
    this.#emit = emit;
  }

  async take(decision: Decision): Promise<void> {
    if (this.#final || (this.#held.length === 0 && decision.allow)) await this.#emit(decision);
    else this.#held.push(decision);
  }

  /** @param authenticated - whether what was asked about is, in spite of what was denied */
  async finish(authenticated: boolean): Promise<void> {
    for (const decision of this.#held) {
      await this.#emit(decision.allow || !authenticated ? decision : vouchedFor(decision));
    }
  }
}

function vouchedFor(decision: Decision): Decision {
  const findings = decision.findings.map((finding) => ({
    ...finding,
    severity: "warning" as const,
    message: `${finding.message} (not asked for: an authenticated merge vouches for this side)`,
  }));
  return { ...decision, allow: true, findings };
}

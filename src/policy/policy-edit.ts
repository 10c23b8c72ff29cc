import type { PolicyChange } from "./policy-diff.ts";
import type { Administrators } from "./rights.ts";

/** What a commit changes from one policy that stood before it, and the administrators who must have agreed, each set of them. */
export interface PolicyStep {
  readonly changes: readonly PolicyChange[];
  readonly administrators: readonly Administrators[];
}

/** A commit that leaves another policy behind than it found. */
export interface PolicyEdit {
  readonly steps: readonly PolicyStep[];
  /** Why what it leaves behind cannot govern, whoever signed: malformed, gone, its serial skipped, nobody able to change it. */
  readonly faults: readonly string[];
  /** It is refused whatever the level of the rules on its ref. */
  readonly binding: boolean;
}

import type { Evidence } from "../../model.ts";
import { unmetDemands } from "../authorise.ts";
import { faultWords, unmetWords } from "../change-words.ts";
import type { Objection } from "../objection.ts";
import type { PolicyEdit } from "../policy-edit.ts";
import { judgeSignature } from "./signature.ts";
import type { Judged } from "./signature.ts";

/**
 * A commit that changes the policy: what it leaves behind must be able to govern, and each difference needs those who
 * hold the right to it, under every policy that stood before. Where only more of them are missing, `threshold-unmet` says
 * so beside `policy-change`, which nothing forgives.
 */
export function judgePolicyChange(
  edit: PolicyEdit,
  evidence: readonly Evidence[],
  approvedBy: ReadonlySet<string>,
  judged: Judged,
): readonly Objection[] {
  const objections: Objection[] = [];
  if (edit.faults.length > 0) objections.push({ code: "policy-change", ...faultWords(edit.faults) });
  const agreed = new Set(approvedBy);
  for (const one of evidence) {
    if (one.outcome === "verified" && judgeSignature(one, judged, NOBODY) === null) agreed.add(one.signer.principal);
  }
  // One set of administrators that objects says enough; its twin of another policy would say the same.
  for (const { changes, administrators } of edit.steps) {
    const unmet = administrators.map((held) => unmetDemands(changes, held, agreed)).find((found) => found.length > 0);
    if (unmet === undefined) continue;
    const words = unmetWords(unmet, agreed);
    objections.push({ code: "policy-change", ...words });
    if (unmet.every(({ begun }) => begun)) objections.push({ code: "threshold-unmet", ...words });
    break;
  }
  return objections;
}

const NOBODY: ReadonlySet<string> = new Set();

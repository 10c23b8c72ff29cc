/** Whether others' approvals come into this clone: husky's `prepare` puts hooks in, and no refspec. */
import { asksApprovals } from "../policy/applies.ts";
import type { Examination } from "./doctor.ts";
import { pass, warn } from "./doctor.ts";
import { fetchesApprovals } from "./install-approvals.ts";

export const approvals: Examination = async ({ place, loaded }) => {
  if (loaded === null || !asksApprovals(loaded.policy)) return [];
  const fetches = fetchesApprovals(await place.porcelain.config());
  if (fetches === null) return [];
  if (fetches) return [pass("approvals", "git fetch brings others' approvals")];
  const why = "the policy asks for approvals, and git fetch does not bring those of others";
  return [warn("approvals", why, "signpolicy install", { kind: "install" })];
};

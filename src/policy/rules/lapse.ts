import type { Evidence } from "../../model.ts";
import { SKEW } from "../clock.ts";
import type { Objection } from "../objection.ts";
import { lapsedWords } from "../words.ts";
import type { Judged } from "./signature.ts";

/**
 * A signature by a key that was good at the signature's own time but is not today. New objects need both. In history it
 * stands, unless it is dated before one of its ancestors: who still holds an old key can backdate into its window, but
 * not the commits that the forgery builds on.
 */
export function judgeLapse(evidence: Evidence & { outcome: "verified" }, judged: Judged): Objection | null {
  const { lapsed, signer, signedAt } = evidence;
  if (lapsed === null) return null;
  const { mode, latestAncestor } = judged.clock;
  if (mode === "new") return { code: lapsed.code, ...lapsedWords(signer, lapsed, null, judged) };
  if (latestAncestor === null || (signedAt !== null && signedAt >= latestAncestor - SKEW)) return null;
  return { code: lapsed.code, ...lapsedWords(signer, lapsed, { signedAt, ancestor: latestAncestor }, judged) };
}

import type { ObjectId } from "../model.ts";
import type { JudgingClock } from "../policy/clock.ts";
import type { Exemption } from "../policy/policy.ts";
import type { JudgingContext } from "./range.ts";

/**
 * Without the exemptions that ended before a commit arrived. That a judged tip reaches it says only that it came by now, perhaps
 * under a rule that asks for less; where a record was kept, that says when. In an audit, and where there is no record, what
 * is there stands.
 */
export async function openExemptions(
  { arrived, now }: Pick<JudgingContext, "arrived" | "now">,
  exemptions: readonly Exemption[],
  oid: ObjectId,
  clock: JudgingClock,
): Promise<readonly Exemption[]> {
  if (arrived === null || clock.mode !== "history" || clock.pushed !== true) return exemptions;
  const open: Exemption[] = [];
  for (const exemption of exemptions) {
    const { until } = exemption;
    if (until === null || now < until || (await arrived(until)).has(oid)) open.push(exemption);
  }
  return open;
}

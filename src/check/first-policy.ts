import { SignpolicyError } from "../errors.ts";
import type { Decision, Seconds } from "../model.ts";
import { isAncestor } from "../io/revisions.ts";
import { judgeChain } from "./chain.ts";
import { surveyPolicies } from "./chain-policies.ts";
import { contextsFor } from "./chain-push.ts";
import type { RefUpdate } from "./push-input.ts";
import { loadRecord } from "./record.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { readTrustRoot } from "./trust-root.ts";

/**
 * The policy with which a branch that has none yet begins: the one that the pushed history hands on, where all of it is
 * authenticated from the trust root. What it holds counts as judged then; everything else of the push is judged by it.
 * Null where that history is not authenticated: nothing of it is believed, and the root's own policy has refused it.
 *
 * @param unborn - the trust root's policy, in the place of the branch's
 */
export async function adoptPolicy(
  session: Session,
  unborn: GoverningPolicy,
  updates: readonly RefUpdate[],
  now: Seconds,
): Promise<GoverningPolicy | null> {
  const { ref, trustRoot: root } = unborn;
  const update = updates.find((candidate) => candidate.ref === ref);
  if (ref === null || root === null || update === undefined || update.new === null) return null;
  const target = update.new;
  try {
    const start = await readTrustRoot(session, root);
    if ("allow" in start || target === root || (await session.outlines.outline(target)) === null) return null;
    if (!(await isAncestor(session.repository, root, target))) return null;
    const survey = await surveyPolicies(session, start, { include: [target], exclude: [root] });
    const denied: Decision[] = [];
    const contextOf = contextsFor(session, { record: await loadRecord(session), now }, updates);
    const exempt = await session.states.exemptAt(target);
    const task = { root, start: { oids: [root] as const, policy: start }, targets: [target], ref, via: null };
    const { links } = await judgeChain(
      session,
      { ...task, exempt, now, arriving: true, contextOf },
      survey,
      (decision) => {
        if (!decision.allow) denied.push(decision);
        return Promise.resolve();
      },
    );
    const loaded = links.get(target)?.policy.loaded ?? null;
    if (denied.length > 0 || loaded === null) return null;
    const notes = [`${ref} takes its first policy from ${target}, which was authenticated from the trust root ${root}`];
    return { loaded, ref, trustRoot: target, notes };
  } catch (error) {
    if (error instanceof SignpolicyError) return null;
    throw error;
  }
}

import type { Seconds } from "../model.ts";
import { asksApprovals } from "../policy/applies.ts";
import type { Enforcement, Policy } from "../policy/policy.ts";
import { momentsOf } from "../signature/openpgp/moments.ts";
import type { AnchorEntry } from "../signature/anchors.ts";
import type { LoadedPolicy } from "./policy-source.ts";

/**
 * The first moment at which a verdict over unchanged history may come out otherwise under this policy, `Infinity` where none
 * does; null where it hangs on more than the history, the policy and the clock:
 * on what a record says of a compromised key, on approvals, or on limits that stand in signatures of their own (certificates of
 * a CA, proofs of keys).
 */
export function horizonOf(loaded: LoadedPolicy, now: Seconds): Seconds | null {
  const isProven = loaded.keys.some(({ entry }) => entry.proof !== null);
  if (asksApprovals(loaded.policy) || isProven || loaded.anchors.entries.some(isOpenEnded)) return null;
  return nextMoment(loaded, now);
}

/** The first moment that the policy and its keys themselves name, `Infinity` where no more come. */
export function nextMoment(
  { policy, anchors: { entries } }: Pick<LoadedPolicy, "policy" | "anchors">,
  now: Seconds,
): Seconds {
  const moments = [
    ...entries.flatMap(momentsOfKey),
    ...policy.rules.flatMap(momentsOfRule),
    ...momentsOfExemptions(policy),
    ...momentsOfTerms(policy),
  ];
  return moments.reduce((first, moment) => (moment > now ? Math.min(first, moment) : first), Infinity);
}

const isOpenEnded = ({ kind, window }: AnchorEntry): boolean => kind === "sshCa" || window.compromised !== undefined;

const momentsOfKey = (entry: AnchorEntry): readonly Seconds[] => [
  ...[entry.window.from, entry.window.until, entry.window.retired].filter((moment) => moment !== undefined),
  ...(entry.kind === "openpgp" ? momentsOf(entry.certificate) : []),
];

const momentsOfRule = ({ commits, tags, pushes }: Policy["rules"][number]): readonly Seconds[] =>
  [commits, tags, pushes].flatMap((clause: Enforcement | null) => clause?.enforceFrom ?? []);

const momentsOfExemptions = ({ exempt }: Policy): readonly Seconds[] => exempt.flatMap(({ until }) => until ?? []);

const momentsOfTerms = ({ groups }: Policy): readonly Seconds[] =>
  [...groups.values()].flat().flatMap((member) => {
    if (typeof member === "string") return [];
    return [member.from, member.until].filter((moment) => moment !== null);
  });

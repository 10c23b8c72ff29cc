import { formatTime } from "../encoding/time.ts";
import type { AlgorithmPolicy, Seconds } from "../model.ts";
import { mayApprove } from "../policy/approval-refs.ts";
import { denies } from "../policy/applies.ts";
import { membersAt } from "../policy/membership.ts";
import type { Names, Policy, Rule } from "../policy/policy.ts";
import { problemAt } from "./key-standing.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** Something in a sound policy that its writer may not have meant. */
export interface PolicyWarning {
  /** `rule "releases"`, or a JSON path and line: `$.principals.alice.keys[0], line 8`. */
  readonly where: string;
  readonly message: string;
}

const MONTH: Seconds = 30 * 24 * 60 * 60;

/** What `policy check` says beside "good": a clock and the keys themselves are needed to see it. */
export async function policyWarnings({ policy, keys }: LoadedPolicy, now: Seconds): Promise<readonly PolicyWarning[]> {
  const ofKeys = await Promise.all(keys.map((key) => keyWarnings(key, policy.algorithms, now)));
  return [
    ...ofKeys.flat(),
    ...principalWarnings(policy),
    ...groupWarnings(policy, now),
    ...policy.rules.flatMap((rule) => ruleWarnings(rule, policy, now)),
    ...exemptionWarnings(policy, now),
  ];
}

/** A key that cannot sign is no mistake: what it signed before may stand. */
async function keyWarnings(
  key: LoadedKey,
  algorithms: AlgorithmPolicy,
  now: Seconds,
): Promise<readonly PolicyWarning[]> {
  const { path, line } = key.entry.place;
  const where = line === null ? path : `${path}, line ${line}`;
  const today = await problemAt(key, algorithms, now);
  // The policy itself says that it is over, and what it signed stands: nothing to be told of at every look.
  if (today?.code === "key-retired") return [];
  if (today !== null) return [{ where, message: `this key cannot sign today: ${today.detail} (${today.code})` }];
  const soon = await problemAt(key, algorithms, now + MONTH);
  return soon === null ? [] : [{ where, message: `in 30 days this key cannot sign: ${soon.detail} (${soon.code})` }];
}

function principalWarnings({ principals, rules }: Policy): readonly PolicyWarning[] {
  const used = new Set(
    rules
      .flatMap(({ commits, tags }) => [commits?.signedBy, commits?.side, tags?.signedBy])
      .flatMap((members) => [...(members?.names ?? [])]),
  );
  return [...principals.values()].flatMap(({ id, keys }) => {
    const where = `principal \`${id}\``;
    return [
      ...(keys.length === 0 ? [{ where, message: "has no keys, so nothing counts as signed by it" }] : []),
      ...(used.has(id) ? [] : [{ where, message: "stands in no rule, so its signatures are never enough" }]),
    ];
  });
}

/** A term that ended is history; one that is about to leaves somebody out without another change. */
function groupWarnings({ groups }: Policy, now: Seconds): readonly PolicyWarning[] {
  return [...groups].flatMap(([name, members]) =>
    members.flatMap((member) => {
      if (typeof member === "string" || member.until === null) return [];
      const { principal, until } = member;
      const follows = members.some(
        (other) => typeof other !== "string" && other.principal === principal && other.from === until,
      );
      if (until < now || until >= now + MONTH || follows) return [];
      return [{ where: `group \`${name}\``, message: `the term of ${principal} ends on ${formatTime(until)}` }];
    }),
  );
}

function ruleWarnings(rule: Rule, policy: Policy, now: Seconds): readonly PolicyWarning[] {
  const { commits, tags, refs, name } = rule;
  const messages: string[] = [];
  if (policy.unmatched === "deny" && !deniesAny(rule, now)) {
    const open = refs.filter(
      ({ pattern }) => !policy.rules.some((other) => deniesAny(other, now) && covers(other, pattern)),
    );
    if (open.length > 0) {
      const patterns = open.map(({ pattern }) => pattern).join(", ");
      messages.push(
        `empties \`unmatched: deny\`: it ${rule.paths === null ? "only warns" : "asks only of some paths"}, and no other rule denies anything on ${patterns}`,
      );
    }
  }
  if (commits !== null && !hasHuman(membersAt(commits.signedBy, now), policy)) {
    messages.push("no human may sign here, so nobody could change a policy on these refs");
  }
  const threshold = commits?.threshold ?? null;
  if (commits !== null && threshold !== null) {
    const able = [...membersAt(commits.signedBy, now)].filter((id) => mayApprove(policy, id)).length;
    if (able < threshold) messages.push(`only ${able} of \`signedBy\` could meet the threshold of ${threshold} today`);
  }
  if (tags !== null) {
    const odd = [...tags.signedBy.names].filter((id) =>
      ["agent", "forge"].includes(policy.principals.get(id)?.role ?? ""),
    );
    if (odd.length > 0) messages.push(`tags here may be signed by ${odd.join(", ")}, which no person is`);
    if (!refs.some(({ pattern }) => pattern.startsWith("refs/tags/") || pattern.startsWith("**"))) {
      messages.push("`tags` asks nothing of refs outside refs/tags/");
    }
  }
  if (
    rule.paths !== null &&
    refs.length === 0 &&
    !policy.rules.some((other) => other.refs.length > 0 && denies(other, now))
  ) {
    messages.push("holds nowhere: no other rule names a ref at error level");
  }
  for (const { pattern } of [...refs, ...(rule.paths ?? []), ...(commits?.base ?? [])]) {
    if (/[{}()|]/.test(pattern)) messages.push(`${pattern} is taken literally: only *, ** and ? are special`);
  }
  for (const { pattern } of commits?.base ?? []) {
    if (!policy.rules.some((other) => other.commits !== null && other.paths === null && covers(other, pattern))) {
      messages.push(`\`base\` names ${pattern}, whose commits no rule judges`);
    }
  }
  return messages.map((message) => ({ where: `rule \`${name}\``, message }));
}

/** Whether a rule refuses anything today, whatever the commit changes. */
const deniesAny = (rule: Rule, now: Seconds): boolean => rule.paths === null && denies(rule, now);

/** Whether a rule names all refs of a pattern, as far as the two texts show. */
const covers = ({ refs }: Rule, pattern: string): boolean =>
  refs.some((glob) => glob.pattern === pattern || glob.matches(pattern));

const hasHuman = (names: Names, { principals }: Policy): boolean =>
  [...names].some((id) => principals.get(id)?.role === "human");

function exemptionWarnings({ exempt }: Policy, now: Seconds): readonly PolicyWarning[] {
  return exempt.flatMap(({ commit, reachableFrom, until }) => {
    if (until === null || until >= now + MONTH) return [];
    const where = `exemption of ${commit ?? reachableFrom ?? ""}`;
    const verb = until < now ? "ended" : "ends";
    return [{ where, message: `${verb} on ${formatTime(until)}: what it forgives may not newly arrive after that` }];
  });
}

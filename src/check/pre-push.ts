import type { Bytes, Decision, ObjectId, RefName, Seconds } from "../model.ts";
import { GitError, ParseError } from "../errors.ts";
import { judgesCommits, rulesOn } from "../policy/applies.ts";
import { decidePush } from "../policy/decide-problem.ts";
import type { Policy, Rule } from "../policy/policy.ts";
import type { RefValues } from "../io/refs.ts";
import { openRepository, type OpenRepository } from "../io/reading.ts";
import { defaultBranch, governClone, type PolicyChoice } from "./governing.ts";
import { nameMissing } from "./missing.ts";
import { policyChangesOf } from "./next-policy.ts";
import type { Published } from "./published.ts";
import { judgePush } from "./push.ts";
import { parsePushInput, type PushLine } from "./push-input.ts";
import { reportHead } from "./report-head.ts";
import { broughtApprovals, judgingContext, openSession, otherKeysOf, type Session } from "./session.ts";
import type { ReportSink } from "./sink.ts";
import type { JudgedTips } from "./tips.ts";
import { bindingTrustRoot } from "./trust-root.ts";
import { trackedRefs } from "./tracking.ts";

export interface PrePushOptions extends PolicyChoice {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** First argument of the hook: the remote's name, or its URL where it has none. */
  readonly remote: string;
  readonly url: string;
  readonly input: Bytes;
  readonly now: Seconds;
  /** The repository that `cwd` and `environment` name, where it is being found already. */
  readonly begun?: Promise<OpenRepository> | undefined;
}

/**
 * `pre-push`: judges what is about to be sent as the server would, with the remote-tracking values of refs under the
 * same rule as judged tips. It is a convenience: what a remote's ref holds is taken from the remote's word and from what
 * was last fetched, and `--no-verify` skips it. The server decides. A push of nothing passes.
 *
 * @throws PolicyError, GitError
 */
export async function judgePrePush(options: PrePushOptions, sink: ReportSink): Promise<void> {
  let lines: readonly PushLine[];
  try {
    lines = parsePushInput(options.input);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    await sink.begin(reportHead(null));
    return sink.decision(decidePush({ code: "bad-input", message: error.message }));
  }
  if (lines.length === 0) return sink.begin(reportHead(null));
  const { repository, reading } = await (options.begun ?? openRepository(options.cwd, options.environment));
  const session = await openSession(repository, reading);
  try {
    const remote = namedRemote(session, options);
    // Each waits for git.
    const [governing, branches, tracked] = await Promise.all([
      governClone(session, { ...options, recall: true }, remote ?? undefined),
      defaultBranch(session, remote ?? undefined),
      remote === null ? new Map<RefName, ObjectId>() : trackedRefs(session, remote),
    ]);
    const branch = branches?.branch ?? null;
    const policyRef = governing.ref === null ? null : branch;
    await sink.begin(reportHead(governing, await policyChangesOf(session, policyRef, lines, options.now)));
    const present: RefValues = new Map(
      lines.flatMap(({ ref, old }) => (old === null ? [] : [[ref, { oid: old, symbolic: null }] as const])),
    );
    const signWith = otherKeysOf(governing.loaded, options.now, options);
    const context = { ...judgingContext(session, governing, options.now), signWith };
    const known = new Map([...tracked, ...[...present].map(([ref, { oid }]) => [ref, oid] as const)]);
    const tips = tipsFromRemote(context.policy, known, options.now);
    // With a trust root both must allow: what the one does is held until the other has judged.
    const allowed: Decision[] = [];
    try {
      const approvals = broughtApprovals(context, lines);
      let published: Published | null = null;
      const told: Decision[] = [];
      const hearing = {
        async decision(decision: Decision): Promise<void> {
          if (decision.allow) return root === null ? sink.decision(decision) : void allowed.push(decision);
          told.push(decision);
          const { Published } = await import("./published.ts");
          published ??= new Published(session, remote, [...known.values()]);
          await sink.decision(await published.told(decision));
        },
      };
      const root = bindingTrustRoot(session, governing);
      await judgePush({ ...context, approvals, tips, present, policyRef }, lines, hearing);
      if (root !== null) {
        const { denyUnchained, joinedDenials } = await import("./chain-push.ts");
        const rooted = {
          root,
          policy: context.policy,
          branch: branch === null ? null : { ref: branch, oid: known.get(branch) ?? null },
          present,
          record: null,
          now: options.now,
        };
        joinedDenials(await denyUnchained(session, rooted, lines, told)).into(allowed);
        for (const decision of allowed.splice(0)) await sink.decision(decision);
      }
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      for (const decision of allowed) await sink.decision(decision);
      await sink.decision(await nameMissing(session, lines, error));
    }
  } finally {
    session.close();
  }
}

/** The configured remote of this name, or the one with this address. */
function namedRemote(session: Session, options: PrePushOptions): string | null {
  const configured = session.config.values.flatMap(({ key, value }) => {
    const [, name, variable] = /^remote\.(.+)\.(url|pushurl|fetch)$/s.exec(key) ?? [];
    return name === undefined ? [] : [{ name, address: variable === "fetch" ? null : value }];
  });
  const named = configured.find(({ name }) => name === options.remote);
  return (named ?? configured.find(({ address }) => address === options.url))?.name ?? null;
}

/** What the remote holds on refs under a rule was judged when it was pushed there. */
export function tipsFromRemote(policy: Policy, values: ReadonlyMap<RefName, ObjectId>, now: Seconds): JudgedTips {
  const byRule = new Map<Rule, Set<ObjectId>>(policy.rules.map((rule) => [rule, new Set()]));
  for (const [ref, oid] of values) for (const rule of rulesOn(policy, ref, now)) byRule.get(rule)?.add(oid);
  return {
    shared(rule) {
      const base = rule.commits?.base ?? [];
      const based = [...values].filter(([name]) => base.some((glob) => glob.matches(name)));
      return new Set([...(byRule.get(rule) ?? []), ...based.map(([, oid]) => oid)]);
    },
    own(_rule, ref) {
      const own = values.get(ref);
      return new Set(own === undefined ? [] : [own]);
    },
    any: new Set([...byRule].flatMap(([rule, tips]) => (judgesCommits(rule, now) ? [...tips] : []))),
  };
}

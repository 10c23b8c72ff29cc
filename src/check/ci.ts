import { GitError } from "../errors.ts";
import type { Decision, RefName, Seconds } from "../model.ts";
import type { Policy } from "../policy/policy.ts";
import { decidePush } from "../policy/decide-problem.ts";
import { readEventFile } from "../io/event-file.ts";
import { findRepository, isShallow } from "../io/repository.ts";
import type { CiEvent, CiPlatform, Variables } from "./ci-event.ts";
import { cannotTell } from "./ci-event.ts";
import { ciPlatform } from "./ci-platform.ts";
import { governCi } from "./ci-policy.ts";
import { type CiRange, extraHead, rangeOf } from "./ci-range.ts";
import { governOrDeny, verifyCommits } from "./commits.ts";
import { policyDrift } from "./drift.ts";
import { defaultBranch, NO_DEFAULT_BRANCH, type PolicyChoice } from "./governing.ts";
import { nameMissing } from "./missing.ts";
import { tipsFromRemote } from "./pre-push.ts";
import { judgePush } from "./push.ts";
import { tellsSides } from "./range.ts";
import { reportHead } from "./report-head.ts";
import { type GoverningPolicy, judgingContext, openSession, type Session } from "./session.ts";
import type { ReportSink } from "./sink.ts";
import { resolveCommit } from "./revision.ts";
import { parseAs } from "./targets.ts";
import { bindingTrustRoot } from "./trust-root.ts";

export interface CiOptions extends PolicyChoice {
  readonly cwd: string;
  readonly environment: Variables;
  /** The ref whose rules judge, where the platform's word is not to be taken. */
  readonly as?: string | undefined;
  readonly base?: string | undefined;
  readonly head?: string | undefined;
  /** The whole history, whatever has happened. */
  readonly full: boolean;
  /** Requests land by merge commits alone: what one brings is judged by `side`, as it will stand. */
  readonly byMerge: boolean;
  readonly now: Seconds;
}

/** The platform that this job runs on. Reads nothing but the environment. */
export const findPlatform = (environment: Variables): CiPlatform => ciPlatform(environment, readEventFile);

/**
 * `ci`: judges what a job of CI is about as a server would judge it on its way in: new commits by our clock, the policy as it
 * stands before them. The environment selects the range and nothing else; a clone that is cut off is refused.
 *
 * It sees what the platform checked out. Whoever may change the job's definition may leave the job out.
 *
 * @throws UsageError where the platform does not say what happened; ParseError, PolicyError, GitError
 */
export async function judgeCi(options: CiOptions, sink: ReportSink): Promise<void> {
  const platform = findPlatform(options.environment);
  const session = await openSession(await findRepository(options.cwd, options.environment));
  let whole: Extract<CiRange, { kind: "whole" }> | null = null;
  try {
    if (isShallow(session.repository)) {
      await sink.begin(reportHead(null));
      await sink.decision(decidePush(shallow(platform)));
      return;
    }
    const range = await rangeOf(session, await eventOf(session, options, platform));
    if (range.kind === "whole") whole = range;
    else await judgeArriving(session, options, platform, range, sink);
  } finally {
    session.close();
  }
  if (whole === null) return;
  await verifyCommits(
    {
      ...options,
      targets: options.head === undefined ? whole.targets : [options.head],
      as: options.as ?? whole.ref ?? undefined,
      tags: false,
      all: false,
      noWalk: false,
      configuredRoot: true,
      govern: (again) => governCi(again, options, null),
      notes: [`${platform.title}: the whole history`, ...whole.notes],
    },
    sink,
  );
}

const shallow = (platform: CiPlatform) =>
  ({
    code: "shallow-history",
    message: `${platform.title} made a shallow clone: what would have to be judged is not there`,
    hint: platform.wholeClone,
  }) as const;

/** What the command line says, else what the platform does. */
async function eventOf(session: Session, options: CiOptions, platform: CiPlatform): Promise<CiEvent> {
  const as = options.as === undefined ? null : parseAs(options.as);
  if (options.full) return { kind: "whole", ref: as ?? refOfEvent(platform) };
  if (options.base === undefined && options.head === undefined) {
    if (as?.startsWith("refs/tags/") === true) return { kind: "tag", ref: as };
    if (as !== null && platform.name === "none")
      return { kind: "request", into: as, base: null, head: "HEAD", testMerge: true };
    const event = platform.event();
    return as === null ? event : withRef(event, as);
  }
  const into = as ?? (await defaultBranch(session))?.branch;
  if (into === undefined) throw cannotTell(NO_DEFAULT_BRANCH);
  const base = options.base === undefined ? null : await resolveCommit(session, options.base);
  const head = await resolveCommit(session, options.head ?? "HEAD");
  return { kind: "request", into, base, head, testMerge: true };
}

function refOfEvent(platform: CiPlatform): RefName | null {
  const event = platform.event();
  return "into" in event ? event.into : event.ref;
}

const withRef = (event: CiEvent, ref: RefName): CiEvent =>
  "into" in event ? { ...event, into: ref } : { ...event, ref };

async function judgeArriving(
  session: Session,
  options: CiOptions,
  platform: CiPlatform,
  range: Exclude<CiRange, { kind: "whole" }>,
  sink: ReportSink,
): Promise<void> {
  const before = { ref: range.ref, oid: range.judgedBy };
  const govern = (): Promise<GoverningPolicy> => governCi(session, options, before);
  const governing = await governOrDeny(session, { ...options, govern }, sink);
  if (governing === null) return;
  const context = judgingContext(session, governing, options.now);
  const byMerge = options.byMerge && range.isRequest;
  const notes = [
    `${platform.title}: ${range.says}`,
    ...(byMerge ? ["judged as what a merge brings in; the merge itself is judged when it is there"] : []),
    ...(await approvalsNote(context.policy, context.approvals)),
  ];
  const heads = range.head === null ? [null] : [range.head, ...(await extraHead(session, range))];
  if (heads.length > 1) notes.push("the checkout holds other commits than the event names: they are judged, too");
  await sink.begin(reportHead(governing, [...notes, ...(await policyDrift(session, governing))]));
  const tips = tipsFromRemote(context.policy, range.known, options.now);
  const present = new Map(range.old === null ? [] : [[range.ref, { oid: range.old, symbolic: null }] as const]);
  const policyRef = governing.ref === null ? null : ((await defaultBranch(session))?.branch ?? governing.ref);
  // An update that was only made up for judging is no subject of the report, unless it is denied.
  const quiet = {
    decision: (decision: Decision) =>
      decision.subject.kind === "ref" && decision.findings.length === 0
        ? undefined
        : sink.decision(range.isRequest && !byMerge ? hintMerge(context.policy, decision) : decision),
  };
  const root = bindingTrustRoot(session, governing);
  for (const head of heads) {
    const update = { ref: range.ref, old: range.old, new: head };
    const told: Decision[] = [];
    const held: Decision[] = [];
    const hearing = {
      decision(decision: Decision): void | Promise<void> {
        if (!decision.allow) told.push(decision);
        return root === null ? quiet.decision(decision) : void held.push(decision);
      },
    };
    try {
      await judgePush({ ...context, byMerge, tips, present, policyRef }, [update], hearing);
      if (root === null) continue;
      // Where this clone has a trust root both must allow, as in a hook; the chain remembers what it found, and so takes
      // nothing as if a merge had brought it.
      const { denyUnchained, joinedDenials } = await import("./chain-push.ts");
      const branch = policyRef === null ? null : { ref: policyRef, oid: range.known.get(policyRef) ?? null };
      const rooted = {
        root,
        policy: context.policy,
        branch,
        present,
        record: null,
        now: options.now,
      };
      joinedDenials(await denyUnchained(session, rooted, [update], told)).into(held);
      for (const decision of held.splice(0)) await quiet.decision(decision);
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      for (const decision of held) await quiet.decision(decision);
      await sink.decision(await nameMissing(session, [update], error));
    }
  }
}

/** Whoever may sign what merges bring in, and not the branch itself, need not be refused in a request that a merge will land. */
function hintMerge({ rules }: Policy, decision: Decision): Decision {
  const findings = decision.findings.map((finding) => {
    const sides = rules.some((rule) => rule.name === finding.rule && tellsSides(rule));
    if (finding.code !== "signer-not-permitted" || !sides || finding.hint === undefined) return finding;
    return {
      ...finding,
      hint: `${finding.hint}; where requests land by merge commits alone: signpolicy ci --by-merge`,
    };
  });
  return { ...decision, findings };
}

/** Approvals lie in refs that clones of CI do not fetch. */
async function approvalsNote(
  policy: Policy,
  approvals: () => Promise<{ readonly present: boolean }>,
): Promise<readonly string[]> {
  const asks = policy.rules.some(({ commits }) => (commits?.threshold ?? 1) > 1);
  if (!asks || (await approvals()).present) return [];
  return [
    "no approvals are here; where they count, fetch them first: git fetch origin 'refs/signpolicy/*:refs/signpolicy/*'",
  ];
}

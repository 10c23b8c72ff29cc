import { PolicyError } from "../errors.ts";
import type { CommitContext, WorkTree } from "../io/commit-context.ts";
import type { Commit, Decision, Evidence, ObjectId, RefName, Seconds } from "../model.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideCommit } from "../policy/decide-commit.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import type { Fix } from "../policy/fixes.ts";
import { expectEvidence } from "./expected-evidence.ts";
import { workTreePolicySource } from "./file-policy.ts";
import { nextMoment } from "./frontier-horizon.ts";
import { loadPolicy } from "./policy.ts";
import { isAsRead, mayBeMarked, type LoadedPolicy } from "./policy-source.ts";
import type { Answer } from "./readiness-memo.ts";
import type { ReadinessOptions, SetUp } from "./readiness.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface Judged {
  readonly answer: Answer;
  /** Those that the policy was read from. */
  readonly files: readonly string[];
  /** The first moment at which a clock that passes it may judge otherwise. */
  readonly until: Seconds;
  /** Whether these files still hold what was read from them. */
  readonly isAsRead: () => Promise<boolean>;
}

/** Decides by the work tree's own policy whether the commit that git is set up to make would be allowed. */
export async function judgeReadiness(
  { top, gitDir }: WorkTree,
  asked: Promise<SetUp>,
  { environment, merging = false }: Pick<ReadinessOptions, "environment" | "merging">,
  now: Seconds,
): Promise<Judged> {
  const read = await loadPolicy(workTreePolicySource(top)).catch(missingPolicy);
  const loaded =
    read instanceof PolicyError || !read.keys.some(mayBeMarked) ? read : await standing(top, environment, read);
  const setUp = await asked;
  const place = { top, gitDir, environment, merging, now };
  if (!(loaded instanceof PolicyError)) {
    const decided = await decideReadiness(loaded, setUp, place);
    const decision = decided.allow ? decided : ((await mergeMends(decided, loaded, setUp, place)) ?? decided);
    const until = Math.min(nextMoment(loaded, now), ...decision.evidence.map(endOf));
    return {
      answer: { decision, policy: loaded.origin },
      files: loaded.files,
      until,
      isAsRead: () => isAsRead(loaded),
    };
  }
  const { message, hint = "write .signpolicy.yaml at the top of the repository" } = loaded;
  const decided = decideProblem(subjectOn(setUp.context.branch), { code: "policy-missing", message, hint });
  const decision = (await mergeMends(decided, null, setUp, place)) ?? decided;
  return { answer: { decision, policy: null }, files: [], until: Infinity, isAsRead: () => Promise.resolve(false) };
}

const endOf = (evidence: Evidence): Seconds =>
  evidence.outcome === "verified" ? (evidence.ends ?? Infinity) : Infinity;

/** Only a policy that marks a key makes a commit wait for its history. */
const standing = async (top: string, environment: Variables, own: LoadedPolicy): Promise<LoadedPolicy> =>
  (await import("./own-standing.ts")).withOwnStanding(top, environment, own);

interface Place {
  readonly top: string;
  readonly gitDir: string;
  readonly environment: Variables;
  readonly merging: boolean;
  readonly now: Seconds;
}

/**
 * A branch may be older than a change of the policy: what its own policy stops, the one that will judge the push may let
 * pass. The checkout's policy decides here all the same; the hint leads to the other one. Null where that would not help.
 */
async function mergeMends(
  decision: Decision,
  own: LoadedPolicy | null,
  setUp: SetUp,
  place: Place,
): Promise<Decision | null> {
  const { upstreamPolicy } = await import("./upstream-policy.ts");
  const upstream = await upstreamPolicy(place, own);
  if (upstream === null || !(await decideReadiness(upstream.loaded, setUp, place)).allow) return null;
  const findings = decision.findings.map((finding) =>
    finding.severity === "warning"
      ? finding
      : { ...finding, message: `${finding.message}; ${upstream.takes}`, hint: `${upstream.merge}, then commit again` },
  );
  return { ...decision, findings };
}

async function decideReadiness(
  loaded: LoadedPolicy,
  { context, key }: SetUp,
  { top, gitDir, environment, merging, now }: Place,
): Promise<Decision> {
  const { branch } = context;
  const evidence = await expectEvidence(key, loaded.anchors, now);
  const commit = commitToBe(context, evidence);
  const subject = subjectOn(branch);
  // What the commit will change is not known yet, since git may stage more; rules for paths are the push's question.
  const rules = branch === null ? [] : rulesFor(loaded.policy, branch).filter(({ paths }) => paths === null);
  // People approve a commit once it is there; until then everybody may yet.
  const applied = rules.map((rule) => ({
    rule,
    place: "line" as const,
    ...(rule.commits === null ? {} : { approvers: rule.commits.signedBy.names }),
  }));
  const input = {
    policy: loaded.policy,
    commit,
    ref: branch,
    evidence: [evidence],
    applied,
    clock: { mode: "new" as const, now, latestAncestor: null },
    policyEdit: null,
    exemptions: [],
    fix: { base: null, unmade: true as const },
  };
  const allowed = decideCommit(input);
  // Only what must be mended looks what git is in the middle of.
  const decided =
    allowed.allow || rules.length === 0
      ? allowed
      : decideCommit({ ...input, fix: { ...input.fix, ...(await whatIsUnderWay(gitDir, merging)) } });
  // A commit may be made on any branch, or on none; whether it may be pushed there is the push's question.
  const elsewhere = rules.length === 0;
  const said = branch === null ? [] : decided.findings;
  const allow = elsewhere || decided.allow;
  // A yes without a remark is what every commit waits for: it loads no words.
  if (said.length === 0) return { ...decided, subject, findings: said, allow };
  const { readinessWords } = await import("./readiness-words.ts");
  const about = { loaded, context, key, evidence, top, environment, now };
  const findings = await Promise.all(
    said.map((finding) => readinessWords(elsewhere ? { ...finding, severity: "warning" } : finding, about)),
  );
  return { ...decided, subject, findings, allow };
}

async function whatIsUnderWay(gitDir: string, merging: boolean): Promise<Pick<Fix, "underWay">> {
  const operation = merging ? "merge" : (await import("./under-way.ts")).underWay(gitDir);
  return operation === null || operation === "bisect" ? {} : { underWay: operation };
}

/** The commit as far as it is known; its content is not what is judged. */
function commitToBe({ committer, author }: CommitContext, evidence: Evidence): Commit {
  const none = "" as ObjectId;
  const signatures = evidence.outcome === "absent" ? [] : [{ format: evidence.format, bytes: new Uint8Array() }];
  return {
    kind: "commit",
    oid: none,
    tree: none,
    parents: [],
    author,
    committer,
    title: "",
    signedOff: false,
    payload: new Uint8Array(),
    signatures,
  };
}

const subjectOn = (ref: RefName | null) => ({ kind: "commit", oid: null, ref }) as const;

function missingPolicy(error: unknown): PolicyError {
  if (error instanceof PolicyError && error.code === "ERR_POLICY_MISSING") return error;
  throw error;
}

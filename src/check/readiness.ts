import { PolicyError } from "../errors.ts";
import { readClock } from "../io/clock.ts";
import type { CommitContext } from "../io/commit-context.ts";
import { findWorkTree, readCommitContext } from "../io/commit-context.ts";
import type { Commit, Decision, Evidence, Finding, ObjectId, RefName, Seconds } from "../model.ts";
import { rulesFor } from "../policy/applies.ts";
import { decideCommit } from "../policy/decide-commit.ts";
import { decideProblem } from "../policy/decide-problem.ts";
import { expectEvidence } from "./expected-evidence.ts";
import { workTreePolicySource } from "./file-policy.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { readinessWords } from "./readiness-words.ts";
import type { SigningKey } from "./signing-key.ts";
import { findSigningKey } from "./signing-key.ts";
import type { ReportSink } from "./sink.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface ReadinessOptions {
  /** Folder git started the hook in. */
  readonly cwd: string;
  /** The caller's environment as it is: it says what git is about to do. */
  readonly environment: Variables;
}

/**
 * The preflight of `pre-commit` and `pre-merge-commit`: would the commit that git is about to make be signed, by a key
 * that the policy allows for this identity and branch? It reads configuration, never the signature, and cannot see
 * `--no-gpg-sign`: it saves a round trip and proves nothing.
 *
 * @returns the decision, also handed to `sink`
 * @throws PolicyError, GitError: nothing can be said, so the commit is stopped
 */
export async function checkReadiness(options: ReadinessOptions, sink: ReportSink): Promise<Decision> {
  const tree = await findWorkTree(options.cwd, options.environment);
  const place = { top: tree.top, environment: options.environment };
  const [{ context, key }, loaded] = await Promise.all([
    readCommitContext(options.cwd, tree.gitDir, options.environment).then(async (context) => ({
      context,
      key: await findSigningKey(context.config, context.committer, place),
    })),
    loadPolicy(workTreePolicySource(tree.top)).catch(missingPolicy),
  ]);
  const policy = loaded instanceof PolicyError ? null : loaded.origin;
  await sink.begin({
    schemaVersion: 1,
    tool: { name: "signpolicy", version: SIGNPOLICY_VERSION },
    policy,
    notes: [],
  });
  const decision =
    loaded instanceof PolicyError
      ? decideProblem(subjectOn(context.branch), {
          code: "policy-missing",
          message: loaded.message,
          hint: loaded.hint ?? "write .signpolicy.yaml at the top of the repository",
        })
      : await decideReadiness(loaded, context, key, options, readClock());
  await sink.decision(decision);
  return decision;
}

/**
 * The advice of `post-commit`: judges the commit just made, as a push of it would be judged, and hands a bad decision to
 * `sink`. The caller ends with 0 whatever comes back or is thrown.
 *
 * @returns what is wrong with the commit, null when nothing is
 */
export async function adviseCommit(options: ReadinessOptions, sink: ReportSink): Promise<Decision | null> {
  const { verifyCommits } = await import("./commits.ts");
  const denied: Decision[] = [];
  await verifyCommits(
    { ...options, targets: ["HEAD"], tags: false, all: false, noWalk: true, now: readClock() },
    {
      // Where the policy came from is said when it decides something.
      begin: (head) => sink.begin({ ...head, notes: [] }),
      decision: (decision) => {
        // A branch that no rule names is no reason to warn of each commit on it.
        if (!decision.allow && decision.subject.kind === "commit") denied.push(decision);
      },
    },
  );
  const [first] = denied;
  if (first === undefined) return null;
  const advice = { ...first, findings: first.findings.map(atTheTip) };
  await sink.decision(advice);
  return advice;
}

async function decideReadiness(
  loaded: LoadedPolicy,
  context: CommitContext,
  key: SigningKey,
  { environment }: ReadinessOptions,
  now: Seconds,
): Promise<Decision> {
  const { branch } = context;
  const evidence = await expectEvidence(key, loaded.anchors, now);
  const commit = commitToBe(context, evidence);
  const subject = subjectOn(branch);
  const rules = branch === null ? [] : rulesFor(loaded.policy, branch);
  const applied = rules.map((rule) => ({ rule, place: "line" as const }));
  const decided = decideCommit({
    policy: loaded.policy,
    commit,
    ref: branch,
    evidence: [evidence],
    applied,
    clock: { mode: "new", now, latestAncestor: null },
    changedPolicyFiles: [],
    exemptions: [],
    fix: { base: null },
  });
  // A commit may be made on any branch, or on none; whether it may be pushed there is the push's question.
  const elsewhere = rules.length === 0;
  const findings = decided.findings.map((finding) =>
    readinessWords(elsewhere ? { ...finding, severity: "warning" } : finding, { loaded, context, key, environment }),
  );
  const shown = branch === null ? [] : findings;
  return { ...decided, subject, findings: shown, allow: elsewhere || decided.allow };
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

/** Judged as one of many, it would be mended by a rebase; the newest commit is amended. */
function atTheTip(finding: Finding): Finding {
  const rebase = /git rebase -f -S(?: --rebase-merges)? (?:'[^']*'|\S+)/g;
  return finding.hint === undefined
    ? finding
    : { ...finding, hint: finding.hint.replace(rebase, "git commit --amend --no-edit -S") };
}

const subjectOn = (ref: RefName | null) => ({ kind: "commit", oid: null, ref }) as const;

function missingPolicy(error: unknown): PolicyError {
  if (error instanceof PolicyError && error.code === "ERR_POLICY_MISSING") return error;
  throw error;
}

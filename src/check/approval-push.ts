import { createHash } from "node:crypto";
import { ParseError } from "../errors.ts";
import type { Commit, ObjectId } from "../model.ts";
import { approvedTree, approvalsRef, mayApprove } from "../policy/approval-refs.ts";
import { decideCommit } from "../policy/decide-commit.ts";
import { decideProblem, type Problem } from "../policy/decide-problem.ts";
import { always } from "../policy/membership.ts";
import { compileGlob } from "../policy/globs.ts";
import type { Rule } from "../policy/policy.ts";
import { readApproval } from "./approvals.ts";
import type { RefUpdate } from "./push-input.ts";
import type { JudgingContext } from "./range.ts";
import type { Verdict } from "./push.ts";
import { changedPaths, TooManyEntries } from "./tree-changes.ts";
import { unreadableCommit } from "./outlines.ts";

/** Commits that one push brings to a ref of approvals. */
const LONGEST = 1000;

/**
 * Judges what a push brings to `refs/signpolicy/approvals/<principal>`: that principal's signed commits, in a line on top of
 * what stands there, each adding envelopes that he signed and taking nothing away. Otherwise whoever can push could
 * withdraw, or bring back, what is not his. Returns whether the ref moves forward.
 */
export async function judgeApprovalPush(
  context: JudgingContext,
  update: RefUpdate,
  owner: string,
  verdict: Verdict,
): Promise<boolean> {
  const { ref, old, new: tip } = update;
  const deny = (problem: Problem, oid: ObjectId | null = tip): Promise<void> =>
    verdict.take(decideProblem({ kind: "ref", oid, ref }, problem));
  if (!mayApprove(context.policy, owner)) {
    const message = `the policy has no human or release principal ${owner} who could approve`;
    await deny({ code: "ref-unmatched", message, hint: "git push without --mirror leaves the ref out" });
    return false;
  }
  if (tip === null) {
    const message = `${ref} holds approvals, and is never deleted`;
    await deny({ code: "ref-deletion", message, hint: "withdraw one: signpolicy approve BASE..TIP --withdraw --push" });
    return false;
  }
  const line = await newCommits(context, old, tip);
  if ("code" in line) {
    await deny(line);
    return false;
  }
  const rule = ownRule(owner);
  for (const oid of line) {
    const examined = await context.examiner.commit(oid);
    const subject = { kind: "commit", oid, ref } as const;
    if ("problem" in examined) {
      await verdict.take(decideProblem(subject, examined.problem, [rule.name]));
      continue;
    }
    const { subject: commit, evidence } = examined;
    await verdict.take(
      decideCommit({
        policy: context.policy,
        commit,
        ref,
        evidence,
        applied: [{ rule, place: "line" }],
        clock: { mode: "new", now: context.now, latestAncestor: null },
        policyEdit: null,
        exemptions: [],
      }),
    );
    const problem = await additionsProblem(context, commit, owner);
    if (problem !== null) await verdict.take(decideProblem(subject, problem, [rule.name]));
  }
  return true;
}

/** What the ref gains, oldest first: commits with one parent each, down to the old value. */
async function newCommits(
  { outlines }: JudgingContext,
  old: ObjectId | null,
  tip: ObjectId,
): Promise<readonly ObjectId[] | Problem> {
  const line: ObjectId[] = [];
  for (let oid: ObjectId | undefined = tip; oid !== undefined && oid !== old;) {
    const commit: Commit | null = await outlines.outline(oid);
    if (commit === null) return { code: "malformed", message: unreadableCommit(oid) };
    if (commit.parents.length > 1)
      return { code: "malformed", message: "approvals are added in a line, not by merges" };
    if (line.length === LONGEST)
      return { code: "resource-limit", message: `more than ${LONGEST} commits of approvals` };
    line.push(oid);
    oid = commit.parents[0];
    if (oid === undefined && old !== null) {
      const hint = "git fetch, and approve again: signpolicy approve BASE..TIP";
      return { code: "ref-rollback", message: "approvals would be lost: not a fast-forward", hint };
    }
  }
  return line.reverse();
}

/** Reads like a rule of the policy, and cannot be switched off there. */
const ownRule = (owner: string): Rule => ({
  name: `approvals of ${owner}`,
  refs: [compileGlob(approvalsRef(owner))],
  paths: null,
  commits: {
    signedBy: always([owner]),
    side: always([owner]),
    identity: "none",
    base: [],
    threshold: null,
    level: "error",
    enforceFrom: null,
  },
  tags: null,
  updates: { force: "deny", delete: "deny" },
  pushes: null,
  override: null,
});

/** The tree of a commit of approvals may only gain envelopes of the owner, each where its statement is looked for. */
async function additionsProblem(context: JudgingContext, commit: Commit, owner: string): Promise<Problem | null> {
  const { trees, outlines } = context;
  const parents = await Promise.all(commit.parents.map((oid) => outlines.outline(oid)));
  try {
    const changes = changedPaths(trees, {
      after: commit.tree,
      before: parents.flatMap((parent) => (parent === null ? [] : [parent.tree])),
      basesAt: () => Promise.resolve([]),
      wanted: () => true,
      named: () => true,
    });
    let added = 0;
    for await (const { path, before, after } of changes) {
      added += 1;
      if (before.some((entry) => entry !== null) || after === null) {
        return { code: "ref-rollback", message: `approvals are only added, and ${path} is changed or taken away` };
      }
      const problem = await envelopeProblem(context, path, after, owner);
      if (problem !== null) return problem;
    }
    // What somebody signed for another ref is no approval of his, whoever pushes it here.
    return added > 0 ? null : { code: "malformed", message: "it adds no approval" };
  } catch (error) {
    if (error instanceof TooManyEntries) return { code: "resource-limit", message: "it adds too many envelopes" };
    if (error instanceof ParseError) return { code: "malformed", message: error.message };
    throw error;
  }
}

async function envelopeProblem(
  context: JudgingContext,
  path: string,
  after: { readonly mode: string; readonly oid: ObjectId },
  owner: string,
): Promise<Problem | null> {
  const tree = approvedTree(path);
  const read = tree === null || after.mode !== "100644" ? null : await readApproval(context, after.oid);
  if (read === null || !read.approval.commits.some((one) => one.tree === tree)) {
    return { code: "malformed", message: `${path} is no approval in its place` };
  }
  const { evidence } = read;
  if (evidence.outcome === "verified" && evidence.signer.principal === owner) return null;
  return evidence.outcome === "verified"
    ? { code: "signer-not-permitted", message: `${path} is signed by ${evidence.signer.principal}, not by ${owner}` }
    : { code: evidence.code, message: `${path}: ${evidence.detail}` };
}

/** The name of an envelope in its folder. */
export const envelopeName = (envelope: Uint8Array): string =>
  `${createHash("sha256").update(envelope).digest("hex")}.json`;

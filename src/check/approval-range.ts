import { UsageError } from "../errors.ts";
import type { ApprovedCommit, Commit, ObjectId, RefName } from "../model.ts";
import { collectCommits, isAncestor } from "../io/revisions.ts";
import { tryGit } from "../io/git.ts";
import { APPROVED_CAP } from "../subject/approval.ts";
import { defaultBranch } from "./governing.ts";
import type { Session } from "./session.ts";
import { implicitRef, parseAs, resolveTargets } from "./targets.ts";
import { trackedName } from "./tracking.ts";
import { unreadableCommit } from "./outlines.ts";

export interface RangeToApprove {
  readonly range: string;
  readonly as?: string | undefined;
  readonly squash: boolean;
}

export interface ApprovalRange {
  readonly ref: RefName;
  /** Where the history of the commits starts: the repository, as an approval names it. */
  readonly root: ObjectId;
  readonly commits: readonly Commit[];
  /** What of them is approved, in the same order; with `squash` the one commit that takes their place. */
  readonly approved: readonly ApprovedCommit[];
}

/** @throws UsageError for what is no range, or holds nothing to approve */
export async function approvalRange(session: Session, { range, as, squash }: RangeToApprove): Promise<ApprovalRange> {
  const [, from] = /^(.+)(?<!\.)\.\.(?!\.)(.*)$/s.exec(range) ?? [];
  const [target] = from === undefined ? [] : await resolveTargets(session, [range]);
  const [named] = target?.include ?? [];
  const [excluded] = target?.exclude ?? [];
  if (from === undefined || named === undefined || excluded === undefined) {
    throw new UsageError(`${range} is no range of commits`, { hint: "signpolicy approve BASE..TIP" });
  }
  const [tip, base] = await Promise.all([peel(session, named), peel(session, excluded)]);
  const oids = await collectCommits(session.repository, { include: [tip], exclude: [base] });
  if (oids.length === 0) throw new UsageError(`${range} holds no commit`, { hint: "signpolicy approve BASE..TIP" });
  if (oids.length > APPROVED_CAP) {
    throw new UsageError(`${range} holds ${oids.length} commits, and one approval at most ${APPROVED_CAP}`);
  }
  const commits = await Promise.all(oids.map((oid) => outlineOf(session, oid)));
  if (squash && !(await isAncestor(session.repository, base, tip))) {
    // Otherwise the squashed commit would hold what only a merge of the two gives.
    throw new UsageError(`${from} is no ancestor of the tip, so the tip's tree is not what a squash gives`, {
      hint: "git rebase or merge BASE first, then approve again",
    });
  }
  const last = await outlineOf(session, tip);
  return {
    ref: as === undefined ? await refOf(session, from) : parseAs(as),
    root: await rootOf(session, tip),
    commits,
    approved: squash ? [{ tree: last.tree, parents: [base] }] : commits.map(({ tree, parents }) => ({ tree, parents })),
  };
}

async function peel(session: Session, oid: ObjectId): Promise<ObjectId> {
  const argv = ["rev-parse", "--verify", "-q", "--end-of-options", `${oid}^{commit}`];
  const { status, stdout } = await tryGit(session.repository, argv);
  if (status !== 0) throw new UsageError(`${oid} is no commit that is here`);
  return stdout.toString("latin1").trim() as ObjectId;
}

async function outlineOf(session: Session, oid: ObjectId): Promise<Commit> {
  const commit = await session.outlines.outline(oid);
  if (commit === null) throw new UsageError(unreadableCommit(oid));
  return commit;
}

/** The branch that BASE is, or follows on its remote; else the default branch. */
async function refOf(session: Session, from: string): Promise<RefName> {
  const argv = ["rev-parse", "--symbolic-full-name", "--end-of-options", from];
  const { stdout } = await tryGit(session.repository, argv);
  const name = stdout.toString("latin1").trim().split("\n").at(-1) as RefName;
  if (name.startsWith("refs/remotes/")) return trackedName(session, name) ?? name;
  if (name.startsWith("refs/heads/")) return name;
  const ref = (await defaultBranch(session))?.branch ?? (await implicitRef(session));
  if (ref !== null) return ref;
  throw new UsageError("no default branch is known to approve for", { hint: "name the ref: --as refs/heads/main" });
}

/** Of several roots the one at the end of the first-parent line. */
async function rootOf(session: Session, tip: ObjectId): Promise<ObjectId> {
  const range = { include: [tip], exclude: [], gone: true } as const;
  const roots = await collectCommits(session.repository, range, ["--first-parent", "--max-parents=0"]);
  const [root] = roots;
  if (root === undefined) throw new UsageError("the history has no beginning here", { hint: "git fetch --unshallow" });
  return root;
}

import { ParseError, SignpolicyError } from "../errors.ts";
import type { Approval, Commit, Evidence, ObjectId, RefName, Seconds } from "../model.ts";
import type { Repository } from "../io/git.ts";
import { listRefs } from "../io/refs.ts";
import { isAncestor } from "../io/revisions.ts";
import { APPROVAL_FOLDERS, approvalFolder, approvalsOwner, mayApprove } from "../policy/approval-refs.ts";
import { type JudgingClock, judgingTime, UNREAD } from "../policy/clock.ts";
import type { Policy } from "../policy/policy.ts";
import { judgeSignature } from "../policy/rules/signature.ts";
import { parseApproval } from "../subject/approval.ts";
import type { Examiner } from "./examiner.ts";
import type { Outlines } from "./outlines.ts";
import type { TreeWalker } from "./trees.ts";

export interface ApprovalSources {
  readonly repository: Repository;
  readonly outlines: Outlines;
  readonly trees: TreeWalker;
  readonly examiner: Examiner;
  readonly policy: Policy;
}

/** Envelopes of one person for one tree that are looked at; more are nobody's honest work. */
const ENVELOPE_LIMIT = 256;

/** An envelope that was read, and what its signature proves. */
interface Read {
  readonly approval: Approval;
  readonly evidence: Evidence;
}

/**
 * The approvals that a repository holds (docs/approvals.md). An envelope is believed for its own signature: the refs only
 * say where to look and whose it must be.
 */
export class Approvals {
  readonly #from: ApprovalSources;
  readonly #tips: ReadonlyMap<string, readonly ObjectId[]>;
  readonly #read = new Map<ObjectId, Promise<Read | null>>();
  /** By root commit: commits known to reach it. */
  readonly #rooted = new Map<ObjectId, Set<ObjectId>>();

  /** `tips`: by principal, the values of the refs that hold approvals. */
  constructor(from: ApprovalSources, tips: ReadonlyMap<string, readonly ObjectId[]>) {
    this.#from = from;
    this.#tips = tips;
  }

  /** Whether the repository holds approvals of anybody: without any ref for them nobody can say who approved. */
  get present(): boolean {
    return this.#tips.size > 0;
  }

  /**
   * The principals that approve this commit: each with a statement that names its tree and parents, a ref that `forRef`
   * takes and the root of its history, signed by a key of that human or release principal that is good under this clock, not
   * expired, not dated ahead, and not withdrawn since. The commit's own signer is not among them unless he approved, too.
   *
   * @throws ParseError for a tree that cannot be read, GitError
   */
  async approvers(
    commit: Commit,
    forRef: (ref: RefName) => boolean,
    clock: JudgingClock,
  ): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    for (const [principal, tips] of this.#tips) {
      if (!mayApprove(this.#from.policy, principal)) continue;
      if (await this.#approves(principal, tips, commit, forRef, clock)) found.add(principal);
    }
    return found;
  }

  async #approves(
    principal: string,
    tips: readonly ObjectId[],
    commit: Commit,
    forRef: (ref: RefName) => boolean,
    clock: JudgingClock,
  ): Promise<boolean> {
    const envelopes = await this.#envelopes(tips, commit.tree);
    if (envelopes === null) return false;
    const named: Read[] = [];
    for (const oid of envelopes) {
      const read = await this.#readOnce(oid);
      // It might be a withdrawal.
      if (read === null) return false;
      if (!forRef(read.approval.ref) || !read.approval.commits.some((one) => isOf(one, commit))) continue;
      if (isBy(principal, read)) named.push(read);
    }
    const withdrawn = Math.max(
      ...named.map(({ approval }) => (approval.deed === "withdraw" ? approval.at : -Infinity)),
    );
    for (const { approval, evidence } of named) {
      if (approval.deed !== "approve" || approval.at <= withdrawn) continue;
      if (approval.until === null || judgingTime(clock, commit.committer.at) >= approval.until) continue;
      if (!(await this.#stands(evidence, approval, commit, clock))) continue;
      if (await this.#isRooted(commit, approval.root)) return true;
    }
    return false;
  }

  /** As a commit's signature would have to, dated by the statement; it is no older than the parents that it names. */
  async #stands(evidence: Evidence, { at }: Approval, commit: Commit, clock: JudgingClock): Promise<boolean> {
    const dates = await Promise.all(
      commit.parents.map(async (oid) => (await this.#from.outlines.dateOf(oid)) ?? UNREAD),
    );
    const latestAncestor: Seconds | null = dates.length === 0 ? null : Math.max(...dates);
    const judged = {
      what: "commit" as const,
      email: null,
      signedOff: false,
      old: false,
      again: () => "",
      dated: at,
      // What another ref's rule let in is history, but that rule may have asked for no approval: a push needs good ones.
      clock: { ...clock, latestAncestor, mode: clock.pushed === true ? ("new" as const) : clock.mode },
      policy: this.#from.policy,
    };
    return judgeSignature(evidence, judged, new Set()) === null;
  }

  /** What may speak of a tree; null where not all of it can be looked at, since a withdrawal might be among the rest. */
  async #envelopes(tips: readonly ObjectId[], tree: ObjectId): Promise<ReadonlySet<ObjectId> | null> {
    const found = new Set<ObjectId>();
    for (const tip of tips) {
      const outline = await this.#from.outlines.outline(tip);
      if (outline === null) return null;
      const folder = await this.#from.trees.entryAt(outline.tree, approvalFolder(tree));
      if (folder?.mode !== "40000") continue;
      for (const { mode, oid } of (await this.#from.trees.tree(folder.oid)).values()) {
        if (mode === "100644") found.add(oid);
      }
    }
    return found.size > ENVELOPE_LIMIT ? null : found;
  }

  #readOnce(oid: ObjectId): Promise<Read | null> {
    const known = this.#read.get(oid) ?? readApproval(this.#from, oid);
    this.#read.set(oid, known);
    return known;
  }

  /** Whether the history of this commit starts, among others, with that one. A walk asks for ancestors first. */
  async #isRooted(commit: Commit, root: ObjectId): Promise<boolean> {
    const known = this.#rooted.get(root) ?? new Set([root]);
    this.#rooted.set(root, known);
    if (!commit.parents.some((parent) => known.has(parent)) && !known.has(commit.oid)) {
      const outline = await this.#from.outlines.outline(root);
      if (outline?.parents.length !== 0) return false;
      if (!(await isAncestor(this.#from.repository, root, commit.oid))) return false;
    }
    known.add(commit.oid);
    return true;
  }
}

/** An envelope and what its signature proves; null for one that cannot be read. */
export async function readApproval(
  { trees, examiner }: Pick<ApprovalSources, "trees" | "examiner">,
  oid: ObjectId,
): Promise<Read | null> {
  try {
    const approval = parseApproval(await trees.blob({ mode: "100644", oid }));
    return { approval, evidence: await examiner.evidenceOf(approval, approval.at) };
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}

/** Reads which approvals there are; `pushed` are the new values of refs in a push, which count before they have landed. */
export async function openApprovals(
  from: ApprovalSources,
  pushed: ReadonlyMap<RefName, ObjectId | null> = new Map(),
): Promise<Approvals> {
  const values = new Map<RefName, ObjectId | null>(
    [...(await listRefs(from.repository, APPROVAL_FOLDERS))].map(([ref, { oid }]) => [ref, oid]),
  );
  for (const [ref, oid] of pushed) values.set(ref, oid);
  const tips = new Map<string, ObjectId[]>();
  for (const [ref, oid] of values) {
    const owner = approvalsOwner(ref);
    if (owner !== null && oid !== null) tips.set(owner, [...(tips.get(owner) ?? []), oid]);
  }
  return new Approvals(from, tips);
}

/**
 * Whether a principal's statement counts. What was taken back stays so, whatever became of the key since: one that was
 * marked, has ended or is gone from the policy still made a withdrawal that its owner's ref once took.
 */
const isBy = (principal: string, { approval, evidence }: Read): boolean =>
  evidence.outcome === "verified" ? evidence.signer.principal === principal : approval.deed === "withdraw";

const isOf = (one: Approval["commits"][number], { tree, parents }: Commit): boolean =>
  one.tree === tree && one.parents.length === parents.length && one.parents.every((oid, at) => oid === parents[at]);

/** A clone that never fetched approvals cannot say that there are none. */
export const approvalsMissing = (rule: string): SignpolicyError =>
  new SignpolicyError("ERR_APPROVALS_MISSING", `rule "${rule}" asks for approvals, and none were fetched here`, {
    hint: "signpolicy install, then git fetch; or git fetch REMOTE 'refs/signpolicy/approvals/*:refs/signpolicy/approvals/*'",
  });

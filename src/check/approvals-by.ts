import { formatTime } from "../encoding/time.ts";
import { ParseError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import { runGit } from "../io/git.ts";
import type { RefValues } from "../io/refs.ts";
import { approvalsOwner } from "../policy/approval-refs.ts";
import { parseApproval } from "../subject/approval.ts";
import type { Examiner } from "./examiner.ts";
import { isMadeByIt } from "./made-by.ts";
import type { Session } from "./session.ts";

export interface SignedApproval {
  readonly oid: ObjectId;
  /** Where it lies. */
  readonly refs: readonly RefName[];
  readonly deed: "approve" | "withdraw";
  /** What it is for. */
  readonly ref: RefName;
  readonly at: string;
  readonly commits: number;
}

/**
 * The approvals here that a key made which this examiner knows alone. One that cannot be read is nobody's.
 *
 * @throws GitError
 */
export async function approvalsBy(
  session: Session,
  refs: RefValues,
  examiner: Examiner,
): Promise<readonly SignedApproval[]> {
  const holders = new Map<ObjectId, RefName[]>();
  for (const [ref, { oid }] of refs) {
    if (approvalsOwner(ref) === null || (await examiner.kind(oid)) !== "commit") continue;
    const listing = await runGit(session.repository, ["ls-tree", "-r", "-z", "--format=%(objectname)", oid]);
    for (const blob of new Set(listing.toString("latin1").split("\0"))) {
      if (blob === "") continue;
      holders.set(blob as ObjectId, [...(holders.get(blob as ObjectId) ?? []), ref]);
    }
  }
  const found: SignedApproval[] = [];
  for (const [oid, where] of holders) {
    const object = await session.reader.object(oid);
    if (object.found !== "yes" || object.kind !== "blob") continue;
    try {
      const approval = parseApproval(object.bytes);
      const evidence = await examiner.evidenceOf(approval, approval.at);
      if (!isMadeByIt(evidence)) continue;
      const { deed, ref, at, commits } = approval;
      found.push({ oid, refs: where, deed, ref, at: formatTime(at), commits: commits.length });
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
    }
  }
  return found;
}

import { SignpolicyError } from "../errors.ts";
import type { Bytes, ObjectId, RefName } from "../model.ts";
import { addToRef } from "../io/approval-store.ts";
import { readRefs } from "../io/refs.ts";
import { isAncestor } from "../io/revisions.ts";
import { approvalFolder, fetchedApprovalsRef } from "../policy/approval-refs.ts";
import type { ApprovalContent } from "../subject/approval.ts";
import { envelopeName } from "./approval-push.ts";
import type { Session } from "./session.ts";

export interface ApprovalToStore {
  readonly ref: RefName;
  readonly remote: string | null;
  readonly envelope: Bytes;
  readonly content: ApprovalContent;
}

type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Adds an envelope to a ref of approvals, on top of what is here and what was fetched: under each tree that it names.
 *
 * @throws SignpolicyError ERR_IO where the two have parted, GitError
 */
export async function storeApproval(
  session: Session,
  environment: Variables,
  { ref, remote, envelope, content }: ApprovalToStore,
): Promise<void> {
  const fetched = remote === null ? null : fetchedApprovalsRef(remote, ref);
  const values = await readRefs(session.repository, [ref, ...(fetched === null ? [] : [fetched])]);
  const here = values.get(ref)?.oid ?? null;
  const there = fetched === null ? null : (values.get(fetched)?.oid ?? null);
  const name = envelopeName(envelope);
  const trees = new Set(content.commits.map(({ tree }) => tree));
  const additions = [...trees].map((tree) => ({ path: [...approvalFolder(tree), name].join("/"), bytes: envelope }));
  const place = { cwd: session.repository.cwd, environment: defined(environment) };
  const count = content.commits.length === 1 ? "1 commit" : `${content.commits.length} commits`;
  const deed = content.deed === "approve" ? "Approve" : "Withdraw approval of";
  const message = `${deed} ${count} for ${Buffer.from(content.ref, "latin1").toString("utf8")}`;
  await addToRef(place, { ref, present: here, base: await newer(session, ref, here, there), additions, message });
}

async function newer(
  session: Session,
  ref: RefName,
  here: ObjectId | null,
  there: ObjectId | null,
): Promise<ObjectId | null> {
  if (here === null || there === null || here === there) return here ?? there;
  if (await isAncestor(session.repository, there, here)) return here;
  if (await isAncestor(session.repository, here, there)) return there;
  throw new SignpolicyError("ERR_IO", `${ref} here and on the remote have parted: you approved in two clones`, {
    hint: `take the remote's and approve again what is missing: git update-ref ${ref} ${there}`,
  });
}

const defined = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));

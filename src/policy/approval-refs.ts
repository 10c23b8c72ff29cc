import type { ObjectId, RefName } from "../model.ts";
import type { Policy } from "./policy.ts";

/** Where a person's approvals lie, and where a clone keeps what it fetched of a remote's. */
const OWN = "refs/signpolicy/approvals/";
const FETCHED = /^refs\/signpolicy\/remotes\/.+\/approvals\/([^/]+)$/;

export const APPROVAL_FOLDERS = ["refs/signpolicy/approvals", "refs/signpolicy/remotes"] as const;

export const approvalsRef = (principal: string): RefName => `${OWN}${principal}` as RefName;

/** Whose approvals a ref holds by its name, null for any other ref. Says nothing about whether there is such a principal. */
export function approvalsOwner(ref: RefName): string | null {
  const name = ref.startsWith(OWN) ? ref.slice(OWN.length) : FETCHED.exec(ref)?.[1];
  return name === undefined || name.includes("/") ? null : name;
}

/** The same for the ref that people push to. */
export const pushedApprovalsOwner = (ref: RefName): string | null => (ref.startsWith(OWN) ? approvalsOwner(ref) : null);

/** Where a clone keeps the same ref of a remote. */
export const fetchedApprovalsRef = (remote: string, ref: RefName): RefName =>
  `refs/signpolicy/remotes/${remote}/approvals/${ref.slice(OWN.length)}` as RefName;

export const approvalsRefspec = (remote: string): string => `+${OWN}*:refs/signpolicy/remotes/${remote}/approvals/*`;

/** Humans and release principals approve; agents, bots and forges never do. */
export function mayApprove({ principals }: Pick<Policy, "principals">, id: string): boolean {
  const role = principals.get(id)?.role;
  return role === "human" || role === "release";
}

/** Where envelopes on a commit's tree lie in the tree of an approvals ref, so that one look finds those that may count. */
export const approvalFolder = (tree: ObjectId): readonly string[] => [tree.slice(0, 2), tree];

/** The tree that a path in an approvals ref is for, null for a path that is none of this layout. */
export function approvedTree(path: string): ObjectId | null {
  const [, head, tree] = /^([0-9a-f]{2})\/([0-9a-f]{40}|[0-9a-f]{64})\/[0-9a-f]{64}\.json$/.exec(path) ?? [];
  return tree !== undefined && tree.slice(0, 2) === head ? (tree as ObjectId) : null;
}

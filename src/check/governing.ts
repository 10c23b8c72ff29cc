import { isAbsolute, resolve } from "node:path";
import { PolicyError } from "../errors.ts";
import { isObjectId, objectIdLength, parseRefName } from "../encoding/identifiers.ts";
import { shellWord } from "../encoding/text.ts";
import type { ObjectId, RefName } from "../model.ts";
import { readFewRefs } from "../io/ref-watch.ts";
import { listRefs, readHead, readRefs } from "../io/refs.ts";
import type { WitnessChoice } from "./exported-witness.ts";
import { loadPolicy } from "./policy.ts";
import { filePolicySource, workTreePolicySource } from "./file-policy.ts";
import { mayBeMarked, type LoadedPolicy } from "./policy-source.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { TreePolicySource } from "./tree-policy.ts";
import { configuredTrustRoot } from "./trust-root.ts";

/** What the command line says of the policy. */
export interface PolicyChoice extends WitnessChoice {
  readonly policy?: string | undefined;
  readonly policyRef?: string | undefined;
  /**
   * The last policy that passed every check is kept in the git directory, and need not be checked again. For hooks, which
   * are as safe as that directory; any other command may be asked about a repository that a stranger wrote.
   */
  readonly recall?: boolean;
  /** Only which policy it is: nobody asks which of its keys stand. */
  readonly unjudged?: boolean;
}

const memoryOf = (session: Session, { recall }: PolicyChoice): string | null =>
  recall === true ? session.repository.commonDir : null;

/**
 * The policy that governs a server's repository: an administrator's file, a pinned ref, or the branch HEAD names, each as
 * it stands before the push. Never anything that the push brings.
 *
 * @throws PolicyError ERR_POLICY_MISSING where there is none, and for one that cannot be used
 */
export async function governServer(session: Session, choice: PolicyChoice): Promise<GoverningPolicy> {
  const { config } = session;
  const file = choice.policy ?? config.get("signpolicy.policy", ["local", "worktree", "system"]);
  if (file !== null) return governByFile(file, memoryOf(session, choice));
  const pinned = choice.policyRef ?? config.get("signpolicy.policyref");
  if (pinned !== null) return governByRef(session, parsePinned(pinned), choice);
  const head = await readHead(session.repository);
  if (head === null) throw missingPolicy("HEAD of this repository names no branch");
  try {
    return await governByRef(session, head, choice);
  } catch (error) {
    if (!(error instanceof PolicyError) || error.code !== "ERR_POLICY_MISSING") throw error;
    const hint = configuredTrustRoot(session) === null ? await otherBranch(session, head) : null;
    throw hint === null ? error : missingPolicy(`HEAD names ${head}, which does not exist`, { hint });
  }
}

/**
 * A bare repository names `master` or `main` from the day it was made, whatever was pushed to it since. Null where the branch is
 * there, or none is.
 */
async function otherBranch(session: Session, head: RefName): Promise<string | null> {
  const branches = [...(await listRefs(session.repository, ["refs/heads"])).keys()];
  if (branches.length === 0 || branches.includes(head)) return null;
  const usual = branches.filter((ref) => /^refs\/heads\/(?:main|master|trunk)$/.test(ref));
  const [likely, second] = branches.length === 1 ? branches : usual;
  const word = likely === undefined || second !== undefined ? null : shellWord(likely);
  return `whoever keeps this repository has HEAD name the branch that holds the policy: git -C DIR symbolic-ref HEAD ${word ?? "refs/heads/BRANCH"}`;
}

/**
 * The policy that governs in a clone: what the command line or the configuration pins, else the remote's default branch
 * as last fetched, else the work tree's own file, which proves nothing about itself.
 *
 * @throws PolicyError
 */
export async function governClone(session: Session, choice: PolicyChoice, remote?: string): Promise<GoverningPolicy> {
  const { config, repository } = session;
  if (choice.policy !== undefined)
    return governByFile(resolve(repository.cwd, choice.policy), memoryOf(session, choice));
  if (repository.workTree === null) return governServer(session, choice);
  const pinned = choice.policyRef ?? config.get("signpolicy.policyref");
  if (pinned !== null) return governByRef(session, await findRef(session, pinned), choice);
  const branch = await defaultBranch(session, remote);
  if (branch !== null) {
    try {
      return await governByRef(session, branch.tracking, choice);
    } catch (error) {
      // A remote that has no policy yet is how every team starts.
      if (!(error instanceof PolicyError) || error.code !== "ERR_POLICY_MISSING") throw error;
    }
  }
  const why = branch === null ? NO_DEFAULT_BRANCH : `${branch.tracking} holds no policy`;
  const notes = [`the policy is the work tree's own file, since ${why}: it proves nothing about itself`];
  return governByOwn(session, await loadPolicy(workTreePolicySource(repository.workTree)), notes, choice);
}

export const NO_DEFAULT_BRANCH = "no default branch of a remote is known";

/** The work tree's own policy. */
export const governByOwn = (
  session: Session,
  loaded: LoadedPolicy,
  notes: readonly string[],
  choice: PolicyChoice,
): Promise<GoverningPolicy> =>
  standing(session, { loaded, ref: HEAD, trustRoot: null, own: true, notes }, null, choice);

const HEAD = "HEAD" as RefName;

export interface DefaultBranch {
  /** `refs/remotes/origin/main` */
  readonly tracking: RefName;
  /** `refs/heads/main`, as the remote calls it. */
  readonly branch: RefName;
}

/** The remote's default branch as last fetched: what its HEAD names, or the only one of main and master there is. */
export async function defaultBranch(session: Session, remote?: string): Promise<DefaultBranch | null> {
  const name = remote ?? defaultRemote(session);
  if (name === null) return null;
  const prefix = `refs/remotes/${name}/`;
  const head = `${prefix}HEAD` as RefName;
  const usual = [`${prefix}main` as RefName, `${prefix}master` as RefName];
  const values = await readRefs(session.repository, [head, ...usual]);
  const present = usual.filter((ref) => values.has(ref));
  const tracking = values.get(head)?.symbolic ?? (present.length === 1 ? present[0] : undefined);
  if (!tracking?.startsWith(prefix)) return null;
  return { tracking, branch: `refs/heads/${tracking.slice(prefix.length)}` as RefName };
}

/** `origin`, or the only remote there is. */
export function defaultRemote({ config }: Pick<Session, "config">): string | null {
  const names = new Set(
    config.values.flatMap(({ key }) => /^remote\.(.+)\.(?:url|fetch)$/s.exec(key)?.slice(1, 2) ?? []),
  );
  if (names.has("origin")) return "origin";
  const [only, second] = [...names];
  return only !== undefined && second === undefined ? only : null;
}

async function governByFile(file: string, memory: string | null): Promise<GoverningPolicy> {
  if (!isAbsolute(file)) {
    throw new PolicyError("ERR_POLICY_UNREADABLE", `the configured policy ${file} is no absolute path`, [], {
      hint: "git config signpolicy.policy /absolute/path",
    });
  }
  return { loaded: await loadPolicy(filePolicySource(file), memory), ref: null, trustRoot: null, notes: [] };
}

/** @throws PolicyError */
export async function governByRef(session: Session, ref: RefName, choice: PolicyChoice): Promise<GoverningPolicy> {
  const value = (await readFewRefs(session.repository, session.config, [ref])).get(ref);
  if (value === undefined) return governByTrustRoot(session, ref, `${ref} does not exist`);
  // Whoever pushes to the ref that a symbolic one names changes this one, too.
  const named = value.symbolic ?? ref;
  const source = new TreePolicySource(session.trees, session.outlines, named, value.oid);
  const loaded = await loadPolicy(source, memoryOf(session, choice)).catch(async (error: unknown) => {
    await refuseOther(session, named, value.oid);
    return ifMissing(error);
  });
  if (loaded === null) return governByTrustRoot(session, named, `${named} holds no policy`);
  return standing(session, { loaded, ref: named, trustRoot: null, notes: [] }, value.oid, choice);
}

/**
 * What guards a policy is the rule for commits on its ref. A tag object is none: what signed it would have to be judged by the very
 * policy that it leads to.
 */
async function refuseOther({ reader }: Session, ref: RefName, oid: ObjectId): Promise<void> {
  const object = await reader.object(oid);
  if (object.found === "no" || object.kind === "commit") return;
  const what = object.kind === "tag" ? "an annotated tag" : `a ${object.kind}`;
  throw new PolicyError(
    "ERR_POLICY_UNREADABLE",
    `${ref} is ${what}, and a policy is read from the commit that a branch names`,
    [],
    {
      hint: "name a branch: git config signpolicy.policyRef refs/heads/NAME, or --policy-ref refs/heads/NAME",
    },
  );
}

function ifMissing(error: unknown): null {
  if (error instanceof PolicyError && error.code === "ERR_POLICY_MISSING") return null;
  throw error;
}

/** Where a key is compromised, what it brought in falls with it, and the history has to be looked at. */
async function standing(
  session: Session,
  governing: GoverningPolicy,
  tip: ObjectId | null,
  choice: PolicyChoice,
): Promise<GoverningPolicy> {
  if (choice.unjudged === true || !governing.loaded.keys.some(mayBeMarked)) return governing;
  return (await import("./standing-keys.ts")).withStandingKeys(session, governing, tip, choice);
}

/**
 * The policy in the tree of a commit at which `ref` once stood.
 *
 * @throws PolicyError
 */
export async function governByCommit(
  session: Session,
  ref: RefName,
  oid: ObjectId,
  choice: PolicyChoice,
): Promise<GoverningPolicy> {
  const loaded = await loadPolicy(new TreePolicySource(session.trees, session.outlines, ref, oid)).catch(ifMissing);
  if (loaded === null) return governByTrustRoot(session, ref, `${ref} held no policy at ${oid}`);
  const notes = [`the policy is that of ${ref} as it stood at ${oid}`];
  return standing(session, { loaded, ref, trustRoot: null, notes }, oid, choice);
}

/**
 * A branch without a policy takes its first one only from a history that an administrator vouched for by a commit's id:
 * the policy in that commit judges what comes after it. The commit may arrive with the push; its id pins its content.
 */
async function governByTrustRoot(session: Session, ref: RefName, why: string): Promise<GoverningPolicy> {
  const root = configuredTrustRoot(session);
  if (root === null) throw missingPolicy(why);
  const oid = fullRoot(session, root);
  if ((await session.outlines.outline(oid)) === null)
    throw missingPolicy(`${why}, and the trust root ${oid} is not there`);
  const loaded = await loadPolicy(new TreePolicySource(session.trees, session.outlines, ref, oid));
  return { loaded, ref, trustRoot: oid, notes: [`the policy is that of the trust root ${oid}, since ${why}`] };
}

/** A part of an id names whatever has those digits first, and a name whatever somebody moves it to. */
function fullRoot(session: Session, root: string): ObjectId {
  if (isObjectId(root) && root.length === objectIdLength(session.repository.algorithm)) return root;
  const digits = objectIdLength(session.repository.algorithm);
  throw new PolicyError(
    "ERR_POLICY_UNREADABLE",
    `signpolicy.trustRoot of this repository is '${root}', which is no full commit id of ${digits} lower-case digits`,
    [],
    {
      hint: "whoever keeps this repository sets it to what git rev-parse prints: git config signpolicy.trustRoot COMMIT",
    },
  );
}

/** On a server a pinned ref is named in full, so that no branch or tag of the same short name can take its place. */
function parsePinned(name: string): RefName {
  if (!name.startsWith("refs/")) {
    throw new PolicyError("ERR_POLICY_UNREADABLE", `the pinned policy ref ${name} is no full ref name`, [], {
      hint: "git config signpolicy.policyRef refs/heads/NAME",
    });
  }
  return parseRefName(name);
}

async function findRef(session: Session, name: string): Promise<RefName> {
  if (name.startsWith("refs/")) return parseRefName(name);
  const candidates = ["heads", "remotes", "tags"].map((folder) => parseRefName(`refs/${folder}/${name}`));
  const found = [...(await readRefs(session.repository, candidates)).keys()];
  const [only, second] = found;
  if (only === undefined) throw missingPolicy(`${name} does not exist`);
  if (second !== undefined) throw missingPolicy(`${name} is ambiguous: ${found.join(", ")}`);
  return only;
}

const SET_ONE = {
  hint: "an administrator sets one on the server: signpolicy install --server DIR --policy FILE, or git -C DIR config signpolicy.trustRoot COMMIT",
};

export const missingPolicy = (why: string, options: { readonly hint: string } = SET_ONE): PolicyError =>
  new PolicyError("ERR_POLICY_MISSING", `there is no policy to judge by: ${why}`, [], options);

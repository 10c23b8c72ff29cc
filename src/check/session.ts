import type { ObjectId, RefName, Seconds } from "../model.ts";
import type { GitConfig } from "../io/config.ts";
import type { Repository } from "../io/git.ts";
import type { ObjectReader } from "../io/objects.ts";
import { startReading, type Reading } from "../io/reading.ts";
import type { RawVerifier } from "../signature/raw.ts";
import { refuseLazyFetch } from "../io/safety.ts";
import type { SignWith } from "../policy/fixes.ts";
import { POLICY_FILES } from "../policy/places.ts";
import type { Approvals, ApprovalSources } from "./approvals.ts";
import { Examiner } from "./examiner.ts";
import { Outlines } from "./outlines.ts";
import { PolicyChanges } from "./policy-changes.ts";
import { PolicyStates } from "./policy-states.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { JudgingContext } from "./range.ts";
import { SessionRawVerifier } from "./raw-verifier.ts";
import type { RecordState } from "./record-state.ts";
import type { SigningAt } from "./sign-with.ts";
import { TreeWalker } from "./trees.ts";
import { arrivedBy, recordWitness, type Arrivals } from "./witness.ts";

/** An open repository with what every use case reads it through. `close` ends the git child and the threads behind it. */
export interface Session {
  readonly repository: Repository;
  readonly config: GitConfig;
  readonly reader: ObjectReader;
  readonly outlines: Outlines;
  readonly trees: TreeWalker;
  readonly raw: RawVerifier;
  /** Says how many signatures there will be, where that is known early. */
  expectChecks(count: number): void;
  readonly states: PolicyStates;
  /** Commits without parents that need not be looked for: they are here. */
  readonly roots: readonly ObjectId[];
  /** Done when the session is closed. */
  atEnd(action: () => void): void;
  close(): void;
}

/** @throws GitError ERR_GIT_MISSING, ERR_GIT_FAILED, ERR_GIT_UNSAFE */
export async function openSession(repository: Repository, reading?: Reading): Promise<Session> {
  const { reader, config: asked, roots } = reading ?? startReading(repository);
  try {
    const config = await asked();
    await refuseLazyFetch(repository, config);
    const outlines = new Outlines(reader, repository.algorithm);
    const trees = new TreeWalker(reader, repository.algorithm);
    const raw = new SessionRawVerifier();
    const expectChecks = (count: number): void => raw.expect(count);
    const last: (() => void)[] = [];
    const atEnd = (action: () => void): void => void last.push(action);
    const close = (): void => {
      reader.close();
      raw.close();
      for (const action of last.splice(0)) action();
    };
    const states = new PolicyStates(trees, outlines);
    return { repository, config, reader, outlines, trees, states, roots, raw: raw.verify, expectChecks, atEnd, close };
  } catch (error) {
    reader.close();
    throw error;
  }
}

/** A policy and where it came from: `ref` is null for a file that lies outside the judged history. */
export interface GoverningPolicy {
  readonly loaded: LoadedPolicy;
  readonly ref: RefName | null;
  /** The commit an administrator named for a branch that has no policy yet: this policy is the one in its tree. */
  readonly trustRoot: ObjectId | null;
  /** The work tree's own file, which proves nothing about itself. */
  readonly own?: true;
  readonly notes: readonly string[];
}

/** What judging needs, for one policy at one moment; a record where there is one, or what somebody exported of it. */
export function judgingContext(
  session: Session,
  governing: GoverningPolicy,
  now: Seconds,
  record: RecordState | null = null,
  exported: Arrivals | null = null,
): JudgingContext {
  const { repository, reader, outlines, trees } = session;
  const { policy, anchors, files } = governing.loaded;
  const id = record?.id ?? null;
  const arrivals = exported ?? (id === null ? null : arrivalsOf(repository.commonDir, id));
  const arrived = arrivals === null ? null : arrivedBy(repository, arrivals);
  const witness = arrived === null ? null : recordWitness(policy, arrived);
  reader.readUpTo(policy.limits.objectBytes);
  session.trees.readUpTo(policy.limits.objectBytes);
  const examiner = new Examiner(reader, repository, anchors, now, policy.limits, witness, session.raw);
  const changes = governing.ref === null ? null : policyChanges(session, files);
  const sources = { repository, examiner, outlines, policy, trees };
  const signWith = otherKeysOf(governing.loaded, now, null);
  return {
    ...sources,
    reader,
    changes,
    policyRef: governing.ref,
    now,
    approvals: approvalsOf(sources),
    arrived,
    signWith,
    ...(repository.workTree === null ? {} : { fetchesApprovals: () => fetchesApprovals(session.config) }),
  };
}

const fetchesApprovals = async (config: GitConfig): Promise<boolean | null> =>
  (await import("./install-approvals.ts")).fetchesApprovals(config);

/** Looked for at the first commit by a key that is not the policy's. `at`: the clone whose user could sign again. */
export const otherKeysOf =
  (loaded: LoadedPolicy, now: Seconds, at: SigningAt | null): ((principal: string) => Promise<SignWith>) =>
  async (principal) =>
    (await import("./sign-with.ts")).signWith(principal, loaded, now, at);

/** Looked for where a rule asks for approvals, and then once. `pushed`: new values of refs that a push brings. */
function approvalsOf(
  sources: ApprovalSources,
  pushed?: ReadonlyMap<RefName, ObjectId | null>,
): () => Promise<Approvals> {
  let opened: Promise<Approvals> | null = null;
  return () => (opened ??= import("./approvals.ts").then(({ openApprovals }) => openApprovals(sources, pushed)));
}

/** Approvals that arrive with what they approve count; where the push as a whole is refused, nothing of it lands. */
export const broughtApprovals = (
  sources: ApprovalSources,
  updates: readonly { readonly ref: RefName; readonly new: ObjectId | null }[],
): (() => Promise<Approvals>) => approvalsOf(sources, new Map(updates.map((update) => [update.ref, update.new])));

/** Read when a key of the policy is marked as compromised, and not before. */
export const arrivalsOf =
  (gitDir: string, id: string): Arrivals =>
  async (moment) =>
    (await import("./record-arrivals.ts")).arrivedBefore(gitDir, id, moment);

/** Watches the places of a policy and these files of one; a package.json is one only where it holds the policy. */
export function policyChanges(session: Session, files: readonly string[]): PolicyChanges {
  const paths = [...new Set([...POLICY_FILES, ...files])];
  return new PolicyChanges(paths, session.outlines, session.states, session.repository);
}

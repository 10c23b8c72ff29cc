/** `resign`: makes the commits of a branch again with signatures, and with nothing else of theirs changed. */
import { asBuffer, fromLatin1, latin1 } from "../encoding/bytes.ts";
import { shellWord } from "../encoding/text.ts";
import { SignpolicyError, UsageError } from "../errors.ts";
import type { GitPlace } from "../io/git.ts";
import { gitFailed, runGit, tryGit } from "../io/git.ts";
import { readHead, readRefs } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import { collectCommits, isAncestor } from "../io/revisions.ts";
import type { Bytes, Commit, ObjectId, RefName, Seconds } from "../model.ts";
import { ownerOf } from "../policy/emails.ts";
import { createAnchors } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { ownSignatureHeader } from "../subject/headers.ts";
import { joinCommit } from "../subject/split.ts";
import { defaultBranch, defaultRemote } from "./governing.ts";
import { workTreePolicySource } from "./file-policy.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { Session } from "./session.ts";
import { openSession } from "./session.ts";
import { classifySignerFailure } from "./signer-failure.ts";
import { signPayload } from "./signer.ts";
import { readSigningSetUp } from "./signing-setup.ts";
import type { SigningSetUp } from "./signing-setup.ts";
import { resolveTargets } from "./targets.ts";
import { refuseUnderWay } from "./under-way.ts";

export interface ResignOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The newest commit that stays; null for none, so that the whole history is made again. */
  readonly base: string | null;
  /** Sign what others committed, too, and become its committer. */
  readonly others: boolean;
  /** Also what is signed well already. */
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly now: Seconds;
  /** Told before each signature: a key may want to be touched. */
  readonly step?: (done: number, total: number) => void;
}

export interface Resigned {
  readonly ref: RefName | null;
  readonly from: ObjectId;
  readonly to: ObjectId;
  readonly resigned: number;
  readonly kept: number;
  /** Where the old commits stay reachable; null where nothing was changed. */
  readonly backup: RefName | null;
  /** The command that publishes it. */
  readonly push: string | null;
  /** Tags that still name old commits. */
  readonly tags: readonly string[];
}

const TIMEOUT_MS = 5 * 60_000;

/**
 * Signs the commits between the base and HEAD again. Trees, merges, authors, author dates, messages and every other header
 * stay to the byte; the committer becomes who runs this, now. The work tree and the index are not touched, and there can be
 * no conflict, since nothing is merged anew. All commits are made before the branch moves.
 *
 * @throws UsageError when it should not be done, SignpolicyError ERR_IO when the signer fails, GitError
 */
export async function resignBranch(options: ResignOptions): Promise<Resigned> {
  const repository = await findRepository(options.directory, options.environment);
  if (repository.workTree === null) {
    throw new UsageError("this repository has no work tree; sign where you commit", {
      hint: "git clone, and resign there",
    });
  }
  refuseUnderWay(repository.gitDir, ["rebase", "am"]);
  const session = await openSession(repository);
  try {
    const top = repository.workTree;
    const setUp = await readSigningSetUp(options.directory, { top, gitDir: repository.gitDir }, options.environment);
    const loaded = await loadPolicy(workTreePolicySource(top)).catch(() => null);
    return await resignIn({ session, setUp, loaded, top, options });
  } finally {
    session.close();
  }
}

interface Scene {
  readonly session: Session;
  readonly setUp: SigningSetUp;
  readonly loaded: LoadedPolicy | null;
  readonly top: string;
  readonly options: ResignOptions;
}

async function resignIn(scene: Scene): Promise<Resigned> {
  const { session, options } = scene;
  const { repository } = session;
  const ref = await readHead(repository);
  const from = await commitOf(session, "HEAD");
  const base = options.base === null ? null : await commitOf(session, options.base);
  if (base !== null && !(await isAncestor(repository, base, from))) {
    throw new UsageError(`${options.base ?? ""} is not an ancestor of HEAD`, {
      hint: "signpolicy resign $(git merge-base HEAD origin/main)",
    });
  }
  const oids = await collectCommits(repository, { include: [from], exclude: base === null ? [] : [base] });
  const commits: Commit[] = [];
  for (const oid of oids) commits.push(await commitAt(session, oid));
  const plan = await planOf(scene, commits);
  const nothing = { ref, from, to: from, resigned: 0, kept: commits.length, backup: null, push: null, tags: [] };
  if (plan.length === 0) return nothing;
  refuseOthers(scene, plan);
  await refusePublished(scene, plan);
  const kept = commits.length - plan.length;
  const push = await pushCommand(scene, ref, plan);
  if (options.dryRun) return { ...nothing, resigned: plan.length, kept, push };

  const made = await makeAgain(scene, plan);
  const to = made.get(from) ?? from;
  const place: GitPlace = { cwd: options.directory, environment: defined(options.environment) };
  const backup = await backUp(place, from, options.now);
  await runGit(place, ["update-ref", "--no-deref", "-m", "signpolicy resign", ref ?? "HEAD", to, from]);
  return { ref, from, to, resigned: plan.length, kept, backup, push, tags: await staleTags(session, plan) };
}

/**
 * Names the old commits by the time, and where that second has a backup already by a number behind it. No backup is ever
 * moved: with an empty old value git only makes what is not there (git-update-ref(1)).
 *
 * @throws GitError when git makes none
 */
async function backUp(place: GitPlace, oid: ObjectId, now: Seconds): Promise<RefName> {
  const second = `refs/signpolicy/backup/${new Date(now * 1000).toISOString().replace(/[-:]|\.\d+/g, "")}`;
  for (let n = 1; ; n += 1) {
    const ref = (n === 1 ? second : `${second}-${n}`) as RefName;
    const argv = ["update-ref", "-m", "signpolicy resign: before", ref, oid, ""];
    const { status, stderr } = await tryGit(place, argv);
    if (status === 0) return ref;
    if (!(await readRefs(place, [ref])).has(ref)) throw gitFailed(argv, status, stderr);
  }
}

const USUAL_BASE =
  "git branch -a lists the branches, git fetch brings what is missing; mostly it is: signpolicy resign origin/main";

async function commitOf(session: Session, word: string): Promise<ObjectId> {
  const [target] = await resolveTargets(session, [word]);
  const named = target?.include[0];
  if (named === undefined) throw new UsageError(`${word} names no commit`, { hint: USUAL_BASE });
  const { status, stdout } = await tryGit(session.repository, ["rev-parse", "--verify", "-q", `${named}^{commit}`]);
  if (status !== 0) throw new UsageError(`${word} names no commit`, { hint: USUAL_BASE });
  return stdout.toString("latin1").trim() as ObjectId;
}

async function commitAt(session: Session, oid: ObjectId): Promise<Commit> {
  const commit = await session.outlines.outline(oid);
  if (commit === null) throw new SignpolicyError("ERR_GIT_OBJECT", `${oid} cannot be read as a commit`);
  return commit;
}

/** The commits to make again, ancestors first: from the first that needs it on, all that descend from one. */
async function planOf({ loaded, options }: Scene, commits: readonly Commit[]): Promise<readonly Commit[]> {
  const changed = new Set<ObjectId>();
  const plan: Commit[] = [];
  for (const commit of commits) {
    const isMoved = commit.parents.some((parent) => changed.has(parent));
    if (!isMoved && !options.all && (await isSound(commit, loaded, options.now))) continue;
    changed.add(commit.oid);
    plan.push(commit);
  }
  return plan;
}

/** Signed by a key of the policy that is good, and of whom the committer says he is. */
async function isSound(commit: Commit, loaded: LoadedPolicy | null, now: Seconds): Promise<boolean> {
  if (loaded === null || commit.signatures.length === 0) return false;
  const [evidence] = await verifySigned(commit, loaded.anchors, {
    now,
    claimed: commit.committer.at,
    receivedAt: null,
  });
  if (evidence.outcome !== "verified" || evidence.lapsed !== null) return false;
  return ownerOf(loaded.policy, commit.committer.email)?.id === evidence.signer.principal;
}

function refuseOthers({ setUp, loaded, options }: Scene, plan: readonly Commit[]): void {
  if (options.others) return;
  const { email } = setUp.context.committer;
  const me = loaded === null ? null : ownerOf(loaded.policy, email);
  const isMine = (commit: Commit): boolean =>
    commit.committer.email === email ||
    (me !== null && loaded !== null && ownerOf(loaded.policy, commit.committer.email)?.id === me.id);
  const [first, ...more] = plan.filter((commit) => !isMine(commit));
  if (first === undefined) return;
  const others = more.length === 0 ? "" : ` and ${more.length} more`;
  throw new UsageError(
    `${first.oid.slice(0, 12)}${others} in this range was committed by ${first.committer.email}, not by you`,
    {
      hint: "name a base above it, or vouch for it under your own name with --others",
    },
  );
}

async function refusePublished({ session, options }: Scene, plan: readonly Commit[]): Promise<void> {
  const usual = await defaultBranch(session);
  const [oldest] = plan;
  if (usual === null || oldest === undefined || options.others) return;
  const { status, stdout } = await tryGit(session.repository, ["rev-parse", "--verify", "-q", usual.tracking]);
  if (status !== 0 || !(await isAncestor(session.repository, oldest.oid, stdout.toString("latin1").trim() as ObjectId)))
    return;
  throw new UsageError(
    `${oldest.oid.slice(0, 12)} is on ${usual.tracking} already: made again, it would be another history`,
    {
      hint: `signpolicy resign ${shellWord(usual.tracking) ?? "BASE"}`,
    },
  );
}

async function makeAgain(scene: Scene, plan: readonly Commit[]): Promise<ReadonlyMap<ObjectId, ObjectId>> {
  const { session, setUp, top, options } = scene;
  const { key, context } = setUp;
  if (key.kind === "none") throw new UsageError(key.why, { hint: key.fix });
  const place: GitPlace = { cwd: options.directory, environment: defined(options.environment) };
  const committer = (await runGit(place, ["var", "GIT_COMMITTER_IDENT"])).toString("latin1").trimEnd();
  const made = new Map<ObjectId, ObjectId>();
  const signer = { context, key, top, environment: options.environment, timeoutMs: TIMEOUT_MS };
  for (const [index, commit] of plan.entries()) {
    options.step?.(index, plan.length);
    const payload = rewrite(commit, made, committer);
    const { bytes, run } = await signPayload(signer, payload);
    if (bytes === null) {
      const { why, fix } = classifySignerFailure(run);
      throw new SignpolicyError("ERR_IO", `signing failed: ${why}; nothing was changed`, { hint: fix });
    }
    const value = fromLatin1(latin1(bytes).replaceAll("\r\n", "\n").replace(/\n?$/, "\n"));
    if (index === 0) await refuseBadSignature(scene, payload, value, key.kind);
    const name = ownSignatureHeader(session.repository.algorithm);
    const raw = joinCommit({ payload, headers: [{ name, at: headersEnd(payload), value }] });
    const written = await runGit(session.repository, ["hash-object", "-t", "commit", "-w", "--stdin"], raw);
    made.set(commit.oid, written.toString("latin1").trim() as ObjectId);
  }
  return made;
}

/** A signer that makes rubbish is found out before anything moves; whether its key may sign is the policy's question. */
async function refuseBadSignature(
  { loaded, options }: Scene,
  payload: Bytes,
  bytes: Bytes,
  format: "openpgp" | "ssh",
): Promise<void> {
  const anchors = loaded?.anchors ?? createAnchors([], { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] });
  const times = { now: options.now, claimed: options.now, receivedAt: null };
  const [evidence] = await verifySigned({ payload, signatures: [{ format, bytes }] }, anchors, times);
  if (evidence.outcome === "verified" || evidence.outcome === "undecided") return;
  throw new SignpolicyError(
    "ERR_IO",
    `the signature that was made would not count: ${evidence.detail} (${evidence.code}); nothing was changed`,
    {
      hint: "signpolicy doctor",
    },
  );
}

/** Offset of the blank line behind the headers. */
function headersEnd(payload: Bytes): number {
  const end = asBuffer(payload).indexOf("\n\n", 0, "latin1");
  return end === -1 ? payload.length : end + 1;
}

/** The commit's own bytes without its signature, with other parents and another committer line. */
function rewrite(commit: Commit, made: ReadonlyMap<ObjectId, ObjectId>, committer: string): Bytes {
  const end = headersEnd(commit.payload);
  const text = latin1(commit.payload);
  // A line ends where git ends it: in names and in a mergetag's text stand carriage returns, at which a pattern would.
  const lines: string[] = [];
  let isLeftOut = false;
  for (const line of text.slice(0, end).split("\n")) {
    const [name = "", value = "", oid = ""] = line.split(" ", 3);
    // A mergetag is another tag's copy, whose object must be one of the parents.
    isLeftOut = line.startsWith(" ")
      ? isLeftOut
      : name === "mergetag" && value === "object" && made.has(oid as ObjectId);
    if (isLeftOut) continue;
    if (name === "parent") lines.push(`parent ${made.get(value as ObjectId) ?? value}`);
    else lines.push(name === "committer" ? `committer ${committer}` : line);
  }
  return fromLatin1(lines.join("\n") + text.slice(end));
}

async function pushCommand({ session }: Scene, ref: RefName | null, plan: readonly Commit[]): Promise<string | null> {
  const remote = defaultRemote(session);
  if (remote === null || !(ref?.startsWith("refs/heads/") ?? false) || ref === null) return null;
  const branch = ref.slice("refs/heads/".length);
  const tracking = `refs/remotes/${remote}/${branch}`;
  const { status, stdout } = await tryGit(session.repository, ["rev-parse", "--verify", "-q", tracking]);
  const there = stdout.toString("latin1").trim() as ObjectId;
  const [oldest] = plan;
  const isThere = status === 0 && oldest !== undefined && (await isAncestor(session.repository, oldest.oid, there));
  const words = [shellWord(remote) ?? "REMOTE", shellWord(branch) ?? "BRANCH"];
  return ["git push", ...(isThere ? ["--force-with-lease"] : []), ...words].join(" ");
}

async function staleTags(session: Session, plan: readonly Commit[]): Promise<readonly string[]> {
  const old = new Set<string>(plan.map(({ oid }) => oid));
  const { stdout } = await tryGit(session.repository, [
    "for-each-ref",
    "--format=%(objectname) %(*objectname) %(refname:short)",
    "refs/tags",
  ]);
  return stdout
    .toString("latin1")
    .split("\n")
    .flatMap((line) => {
      const [oid = "", peeled = "", ...name] = line.split(" ");
      return old.has(oid) || old.has(peeled) ? [name.join(" ")] : [];
    });
}

const defined = (variables: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));

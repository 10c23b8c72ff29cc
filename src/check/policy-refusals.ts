/** What a push of the work tree's policy would be refused for, whoever signs it. */
import { tryGit } from "../io/git.ts";
import type { Repository } from "../io/git.ts";
import { shellWord } from "../encoding/text.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import { SignpolicyError } from "../errors.ts";
import type { Seconds } from "../model.ts";
import { defaultBranch } from "./governing.ts";
import { lookAlikeWords } from "./look-alikes.ts";
import { lookAlikesHere } from "./look-alikes-here.ts";
import { faultsOf, marksLost } from "./policy-edits.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { NO_POLICY } from "./policy-states.ts";
import type { PolicyState } from "./policy-states.ts";
import type { PolicyWarning } from "./policy-warnings.ts";
import { openSession } from "./session.ts";
import type { Session } from "./session.ts";
import { implicitRef } from "./targets.ts";
import { untrackedKeyFiles } from "./untracked-files.ts";

/**
 * Compares it with the policy of HEAD, which the commit to come will be judged by, and with the remote's default branch as last
 * fetched, which may have moved on since; and looks for what some file system would take for it. Nothing is said where those cannot
 * be read.
 */
export async function policyRefusals(
  repository: Repository,
  loaded: LoadedPolicy,
  now: Seconds,
): Promise<readonly PolicyWarning[]> {
  const session = await openSession(repository);
  try {
    const branch = await defaultBranch(session);
    const ref = branch?.branch ?? (await implicitRef(session));
    const head = await stateAt(session, "HEAD");
    const there = branch === null ? NO_POLICY : await stateAt(session, branch.tracking);
    const known = new Set(head.lookAlikes?.map(({ path }) => path));
    // What was there before hinders no push.
    const beside = (await lookAlikesHere(repository, loaded)).map((one) => ({
      where: one.of,
      message: known.has(one.path) ? lookAlikeWords(one) : refusal(lookAlikeWords(one)),
    }));
    const left = (await untrackedKeyFiles(repository, loaded)).map((file) => ({
      where: file,
      message: refusal(`${file} is not tracked, so no commit takes it along: git add ${shellWord(file) ?? file}`),
    }));
    const here = [...beside, ...left];
    if (head.loaded === null || isSame(there, loaded)) return here;
    const after: PolicyState = { id: "the work tree's", loaded, problem: null };
    const own = isSame(head, loaded)
      ? []
      : [...faultsOf(after, [head], { ref, now, guards: ref !== null }), ...marksLost(after, [head])];
    const late = branch === null ? null : await overtaken(session, branch.tracking, there, loaded);
    const messages = [...own.map(refusal), ...(late === null ? [] : [late])];
    return [...messages.map((message) => ({ where: loaded.origin.source, message })), ...here];
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return [];
  } finally {
    session.close();
  }
}

/** Somebody else's change landed first: both are numbered alike. */
async function overtaken(
  session: Session,
  tracking: string,
  there: PolicyState,
  { policy: { serial } }: LoadedPolicy,
): Promise<string | null> {
  const theirs = there.loaded?.policy.serial ?? null;
  if (theirs === null || serial === null || serial > theirs) return null;
  if ((await tryGit(session.repository, ["merge-base", "--is-ancestor", tracking, "HEAD"])).status === 0) return null;
  const name = tracking.replace(/^refs\/remotes\//, "");
  return refusal(`${name} has serial ${theirs} by now; merge it, then this one must be ${theirs + 1}`);
}

const refusal = (fault: string): string => `a push of it would be refused: ${fault}`;

const isSame = ({ loaded }: PolicyState, own: LoadedPolicy): boolean => loaded?.content === own.content;

async function stateAt(session: Session, name: string): Promise<PolicyState> {
  const { status, stdout } = await tryGit(session.repository, ["rev-parse", "--verify", "-q", `${name}^{commit}`]);
  const oid = stdout.toString("latin1").trim();
  const commit = status === 0 && isObjectId(oid) ? await session.outlines.outline(oid) : null;
  return commit === null ? NO_POLICY : session.states.at(commit);
}

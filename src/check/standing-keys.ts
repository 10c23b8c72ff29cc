import { isObjectId } from "../encoding/identifiers.ts";
import { SignpolicyError } from "../errors.ts";
import type { ObjectId, RefName } from "../model.ts";
import { tryGit } from "../io/git.ts";
import { readClock } from "../io/clock.ts";
import { isShallow } from "../io/repository.ts";
import { marksKeys, marksOf, withFallen } from "./chain-marks.ts";
import { exportedWitness, type WitnessChoice } from "./exported-witness.ts";
import { fallenIn } from "./fallen-keys.ts";
import { keepFallen, recallFallen } from "./fallen-memory.ts";
import { ablenessFault } from "./policy-edits.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { JudgingContext } from "./range.ts";
import { loadRecord } from "./record.ts";
import { arrivalsOf, type GoverningPolicy, type Session } from "./session.ts";
import { configuredTrustRoot } from "./trust-root.ts";
import { arrivedBy } from "./witness.ts";

/**
 * A policy that lives in the repository, in which what a compromised key brought in counts for nothing. A clone that holds only a
 * part of its history says so; a server that does cannot judge.
 *
 * @param tip - the commit that it is read from; null for the work tree's own, whose history is HEAD's
 * @throws GitError, SignpolicyError
 */
export async function withStandingKeys(
  session: Session,
  governing: GoverningPolicy,
  tip: ObjectId | null,
  choice: WitnessChoice & { readonly recall?: boolean },
): Promise<GoverningPolicy> {
  const { loaded } = governing;
  if (!marksKeys(loaded)) return governing;
  const { repository } = session;
  const inClone = repository.workTree !== null;
  if (inClone && isShallow(repository)) return cutOff(governing, "git fetch --unshallow");
  const now = readClock();
  const from = tip ?? (await headOf(session));
  if (from === null) return governing;
  try {
    const root = await knownRoot(session);
    const exported = await exportedWitness(session, choice, now);
    // A record that is broken shows nothing; who asks it for more says so.
    const record =
      exported === null
        ? await loadRecord(session).then(
            ({ id }) => id,
            () => null,
          )
        : null;
    const question = { loaded, root, record };
    // What somebody exported may be another next time.
    const remembers = choice.recall === true && exported === null;
    const known = remembers ? await recallFallen(session, from, question) : null;
    const arrivals = exported ?? (record === null ? null : arrivalsOf(repository.commonDir, record));
    const arrived = arrivals === null ? null : arrivedBy(repository, arrivals);
    const fallen = known ?? (await fallenIn(session, { tips: [from], root, now, arrived }, marksOf([loaded])));
    if (remembers) keepFallen(session, from, question, fallen);
    return { ...governing, loaded: withFallen(loaded, fallen) };
  } catch (error) {
    if (!inClone || !(error instanceof SignpolicyError) || error.code !== "ERR_PARTIAL_CLONE") throw error;
    return cutOff(governing, "git fetch --refetch --no-filter");
  }
}

const cutOff = (governing: GoverningPolicy, command: string): GoverningPolicy => ({
  ...governing,
  notes: [
    ...governing.notes,
    `this clone holds a part of the history, so whether a compromised key brought other keys into the policy cannot be told: ${command}`,
  ],
});

/** What fell of a policy that a push leaves behind. */
export interface NextFallen {
  /** The keys, with what brought each in. */
  readonly fallen: readonly { readonly principal: string; readonly key: string; readonly with: string }[];
  /** Why nobody could change the policy any more; null where somebody could. */
  readonly fault: string | null;
}

/** @throws GitError, SignpolicyError */
export async function nextFallen(
  session: Session,
  loaded: LoadedPolicy,
  {
    tip,
    ref,
    now,
    arrived,
  }: Pick<JudgingContext, "now" | "arrived"> & { readonly tip: ObjectId; readonly ref: RefName },
): Promise<NextFallen> {
  if (!marksKeys(loaded)) return { fallen: [], fault: null };
  const history = { tips: [tip], root: await knownRoot(session), now, arrived };
  const left = withFallen(loaded, await fallenIn(session, history, marksOf([loaded])));
  const fallen = left.keys.flatMap(({ principal, anchor: { window } }) =>
    window.fell === undefined || window.compromised === true ? [] : [{ principal, ...window.fell }],
  );
  return { fallen, fault: fallen.length === 0 ? null : ablenessFault(left.policy, { ref, now }) };
}

/** Null before the first commit. */
async function headOf({ repository }: Session): Promise<ObjectId | null> {
  const { stdout } = await tryGit(repository, ["rev-parse", "--verify", "-q", "HEAD^{commit}"]);
  const head = stdout.toString("latin1").trim();
  return isObjectId(head) ? head : null;
}

/** Whoever set a trust root vouched for the keys that stood there. */
export async function knownRoot(session: Session): Promise<ObjectId | null> {
  const root = configuredTrustRoot(session);
  if (root === null || !isObjectId(root)) return null;
  return (await session.outlines.outline(root)) === null ? null : root;
}

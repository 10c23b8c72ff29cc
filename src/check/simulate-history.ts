import type { Decision, ObjectId, RefName } from "../model.ts";
import { listRefs } from "../io/refs.ts";
import { rulesOn } from "../policy/applies.ts";
import { isSameSelector } from "../policy/membership.ts";
import type { Rule } from "../policy/policy.ts";
import { isBareTag } from "../policy/rules/update.ts";
import { defaultBranch } from "./governing.ts";
import { judgeRange, type JudgingContext } from "./range.ts";
import type { Session } from "./session.ts";
import { decideStandingRef } from "./standing-ref.ts";
import { judgeTagged, judgeTags } from "./tags.ts";
import { implicitRef } from "./targets.ts";
import { trackedName } from "./tracking.ts";

/**
 * Audits every branch and tag here by a policy, each by the rules of its name, what is kept of a remote's under the name it
 * has there; the commits that `since` reaches are left out.
 *
 * @throws GitError
 */
export async function simulateHistory(
  session: Session,
  context: JudgingContext,
  since: readonly ObjectId[],
  take: (decision: Decision) => void,
): Promise<number> {
  const found = new Map<string, readonly [RefName, ObjectId]>();
  for (const [name, { oid, symbolic }] of await listRefs(session.repository, [
    "refs/heads",
    "refs/remotes",
    "refs/tags",
  ])) {
    const ref = trackedName(session, name) ?? name;
    if (symbolic === null && /^refs\/(?:heads|tags)\//.test(ref)) found.set(`${ref} ${oid}`, [ref, oid]);
  }
  const audit = new Audit(session, context, since, take);
  const refs = [...found.values()];
  for (const [ref, oid] of refs) await audit.judge(ref, oid);
  return new Set(refs.map(([ref]) => ref)).size;
}

class Audit {
  readonly #session: Session;
  readonly #context: JudgingContext;
  readonly #since: readonly ObjectId[];
  readonly #take: (decision: Decision) => void;
  /** By rules: tips that were gone through, and whether all of it passed. */
  readonly #done = new Map<string, { readonly tips: ObjectId[]; clean: boolean }>();

  constructor(session: Session, context: JudgingContext, since: readonly ObjectId[], take: (d: Decision) => void) {
    this.#session = session;
    this.#context = context;
    this.#since = since;
    this.#take = take;
  }

  async judge(ref: RefName, oid: ObjectId): Promise<void> {
    const { policy, now, examiner } = this.#context;
    const kind = await examiner.kind(oid);
    if (kind === null) return;
    const rules = rulesOn(policy, ref, now);
    const standing = { policy, ref, oid, kind, rules, now };
    const judging = rules.filter(({ commits }) => commits !== null);
    const vouches = (commit: ObjectId): Promise<boolean> => this.#vouches(judging, ref, commit);
    if (ref.startsWith("refs/tags/")) {
      const verdict = {
        take: (decision: Decision): Promise<void> => {
          this.#take(decision);
          return Promise.resolve();
        },
      };
      const { target } = await judgeTags(this.#context, { ref, oid, kind, rules, mode: "history" }, verdict, vouches);
      const bare = rules.filter((rule) => rule.tags !== null && isBareTag({ ref, newKind: kind }, rule));
      const targetProblem = await judgeTagged(bare, { oid, kind }, vouches);
      if (judging.length > 0 && target?.kind === "commit") await this.#judgeCommits(judging, ref, target.oid);
      this.#take(decideStandingRef({ ...standing, targetProblem }));
      return;
    }
    this.#take(decideStandingRef(standing));
    if (judging.length > 0 && kind === "commit") await this.#judgeCommits(judging, ref, oid);
  }

  /** As `verify` does: by the tag's own rules, else by those of the default branch. */
  async #vouches(judging: readonly Rule[], ref: RefName, commit: ObjectId): Promise<boolean> {
    if (judging.some(({ paths }) => paths === null)) return this.#judgeCommits(judging, ref, commit);
    const branch = (await defaultBranch(this.#session))?.branch ?? (await implicitRef(this.#session));
    const rules = branch === null ? [] : rulesOn(this.#context.policy, branch, this.#context.now);
    const fallback = rules.filter(({ commits, paths }) => commits !== null && paths === null);
    return fallback.length > 0 && this.#judgeCommits(fallback, branch ?? ref, commit);
  }

  async #judgeCommits(rules: readonly Rule[], ref: RefName, tip: ObjectId): Promise<boolean> {
    const alike = rules.every(({ commits }) => commits === null || isSameSelector(commits.signedBy, commits.side));
    const key = JSON.stringify([alike ? null : ref, rules.map(({ name }) => name)]);
    const done = this.#done.get(key) ?? { tips: [], clean: true };
    this.#done.set(key, done);
    const exclude = [...this.#since, ...(alike ? done.tips : [])];
    let clean = true;
    const range = { ref, include: [tip], groups: [{ rules, exclude }], history: "everything" } as const;
    for await (const { decision } of judgeRange(this.#context, range)) {
      clean &&= decision.allow;
      this.#take(decision);
    }
    done.tips.push(tip);
    // Where something was denied before, nobody asks whether it is this commit's own past.
    done.clean &&= clean;
    return clean && done.clean;
  }
}

/** Commits that were published elsewhere: what is wrong with them is not mended by making them anew. */
import { listRefs } from "../io/refs.ts";
import { collectCommits } from "../io/revisions.ts";
import type { Decision, ObjectId, RefName } from "../model.ts";
import type { Session } from "./session.ts";

/**
 * A push to one remote of what another has already, as far as both were fetched: history that moves to a new server. Its
 * hints lead to what takes history in. Git is asked at the first denial.
 */
export class Published {
  readonly #session: Session;
  /** Values of the remote that is pushed to. */
  readonly #there: readonly ObjectId[];
  readonly #remote: string | null;
  #found: Promise<ReadonlyMap<ObjectId, { readonly ref: RefName; readonly tip: ObjectId }>> | null = null;

  constructor(session: Session, remote: string | null, there: readonly ObjectId[]) {
    this.#session = session;
    this.#remote = remote;
    this.#there = there;
  }

  async told(decision: Decision): Promise<Decision> {
    const { subject, allow } = decision;
    if (allow || subject.kind !== "commit" || subject.oid === null) return decision;
    const found = (await (this.#found ??= this.#find())).get(subject.oid);
    if (found === undefined) return decision;
    const { ref, tip } = found;
    const hint =
      `leave it as it is, ${ref.replace(/^refs\/remotes\//, "")} has it; ` +
      `whoever keeps the new server has it take what is published: git config signpolicy.trustRoot ${tip}; then git push --no-verify`;
    return { ...decision, findings: decision.findings.map((finding) => ({ ...finding, hint })) };
  }

  async #find() {
    const found = new Map<ObjectId, { ref: RefName; tip: ObjectId }>();
    for (const [ref, { oid, symbolic }] of await listRefs(this.#session.repository, ["refs/remotes"])) {
      if (symbolic !== null || (this.#remote !== null && ref.startsWith(`refs/remotes/${this.#remote}/`))) continue;
      const range = { include: [oid], exclude: this.#there, gone: true } as const;
      for (const commit of await collectCommits(this.#session.repository, range)) {
        if (!found.has(commit)) found.set(commit, { ref, tip: oid });
      }
    }
    return found;
  }
}

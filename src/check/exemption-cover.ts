import type { ObjectId } from "../model.ts";
import { collectCommits } from "../io/revisions.ts";
import type { Exemption } from "../policy/policy.ts";
import type { Session } from "./session.ts";

/** Of so many commits what they reach is kept; of more it would fill the memory, and each commit is asked about by itself. */
const KEPT = 16;

/** Which exemptions cover a commit. */
export class ExemptionCover {
  readonly #session: Pick<Session, "repository" | "outlines">;
  readonly #reached = new Map<ObjectId, Promise<ReadonlySet<ObjectId>>>();

  constructor(session: Pick<Session, "repository" | "outlines">) {
    this.#session = session;
  }

  async of(oid: ObjectId, exemptions: readonly Exemption[]): Promise<readonly Exemption[]> {
    const tips = [...new Set(exemptions.flatMap(({ reachableFrom }) => reachableFrom ?? []))];
    const reaching = tips.length > KEPT ? await this.#reaching(oid, tips) : null;
    const found: Exemption[] = [];
    for (const exemption of exemptions) {
      const { commit, reachableFrom } = exemption;
      const covered =
        commit === oid ||
        (reachableFrom !== null && (reaching?.has(reachableFrom) ?? (await this.reachedFrom(reachableFrom)).has(oid)));
      if (covered) found.push(exemption);
    }
    return found;
  }

  /** A commit that this repository does not hold reaches nothing. */
  reachedFrom(from: ObjectId): Promise<ReadonlySet<ObjectId>> {
    const known = this.#reached.get(from);
    if (known !== undefined) return known;
    const read = async (): Promise<ReadonlySet<ObjectId>> => {
      if (!(await this.#isCommit(from))) return new Set();
      return new Set(await collectCommits(this.#session.repository, { include: [from], exclude: [] }));
    };
    const reached = read();
    this.#reached.set(from, reached);
    return reached;
  }

  /** Which of these reach a commit, told by one git for all of them. */
  async #reaching(oid: ObjectId, tips: readonly ObjectId[]): Promise<ReadonlySet<ObjectId>> {
    const include: ObjectId[] = [];
    for (const tip of tips) if (tip !== oid && (await this.#isCommit(tip))) include.push(tip);
    const range = { include, exclude: [oid], gone: true } as const;
    return new Set([oid, ...(await collectCommits(this.#session.repository, range, ["--ancestry-path"]))]);
  }

  async #isCommit(oid: ObjectId): Promise<boolean> {
    return (await this.#session.outlines.outline(oid)) !== null;
  }
}

/** Histories that authenticate themselves: commits in a real repository, judged in process from a trust root. */
import { verifyCommits, type VerifyOptions } from "../../src/check/commits.ts";
import type { Decision, ObjectId, ReportHead } from "../../src/model.ts";
import { alice, bob, eve, person, principal, PushServer, type Person } from "./push-server.ts";

export const POLICY = ".signpolicy.json";
export { alice, bob, eve, person, principal };
export const carol = person("carol");
export const NOW = 1_800_000_000;

export interface Verdict {
  readonly head: ReportHead;
  readonly decisions: readonly Decision[];
  readonly allowed: boolean;
  /** Codes of what was denied, without repetition, in the order of the report. */
  readonly codes: readonly string[];
  /** The messages of the primary findings of what was denied. */
  readonly messages: readonly string[];
}

export interface HistoryPolicy {
  readonly people?: readonly Person[];
  readonly signers?: readonly string[];
  readonly more?: object;
  readonly principals?: object;
  readonly commits?: object;
}

/** A policy of alice and bob, who sign every branch; `signers` narrows who may. */
export function policyText({
  people = [alice, bob],
  signers = ["*"],
  more,
  principals,
  commits,
}: HistoryPolicy = {}): string {
  return JSON.stringify({
    version: 1,
    principals: { ...Object.fromEntries(people.map((who) => [who.name, principal(who)])), ...principals },
    rules: [{ name: "branches", refs: ["refs/heads/**"], commits: { signedBy: signers, ...commits } }],
    ...more,
  });
}

/** Commits are dated one after the other, all long before `NOW`. */
export class History {
  readonly #server = new PushServer(null, "sha1", { hooks: false });
  #date = 1_700_000_000;

  get repo(): PushServer["clone"] {
    return this.#server.clone;
  }

  commit(who: Person | null, parents: readonly string[] = [], files: Readonly<Record<string, string>> = {}): ObjectId {
    return this.#server.commit(who, { parents, files, date: (this.#date += 60) });
  }

  /** A commit whose tree is another's, with these files in it. */
  withTree(
    who: Person | null,
    parents: readonly string[],
    base: string,
    files: Readonly<Record<string, string>> = {},
  ): ObjectId {
    const tree = this.#server.tree(files, base);
    return this.#server.commit(who, { parents, tree, date: (this.#date += 60) });
  }

  tag(who: Person | null, name: string, target: string): ObjectId {
    const oid = this.#server.tag(who, name, target);
    this.repo.updateRef(`refs/tags/${name}`, oid);
    return oid;
  }

  root(policy = policyText()): ObjectId {
    return this.commit(alice, [], { [POLICY]: policy });
  }

  async verify(
    trustRoot: string | undefined,
    targets: readonly string[],
    more: Partial<VerifyOptions> = {},
  ): Promise<Verdict> {
    const decisions: Decision[] = [];
    const heads: ReportHead[] = [];
    const options: VerifyOptions = {
      cwd: this.repo.dir,
      environment: this.repo.env,
      targets,
      trustRoot,
      configuredRoot: true,
      as: "refs/heads/main",
      tags: false,
      all: false,
      noWalk: false,
      now: NOW,
      ...more,
    };
    await verifyCommits(options, {
      begin: (begun) => void heads.push(begun),
      decision: (decision) => void decisions.push(decision),
    });
    const [head] = heads;
    if (head === undefined) throw new Error("no report was begun");
    const denied = decisions.filter(({ allow }) => !allow);
    return {
      head,
      decisions,
      allowed: denied.length === 0,
      codes: [...new Set(denied.flatMap(({ findings }) => findings[0]?.code ?? []))],
      messages: denied.map(({ findings }) => findings[0]?.message ?? ""),
    };
  }

  remove(): void {
    this.#server.remove();
  }
}

export async function withHistory<T>(body: (history: History) => Promise<T>): Promise<T> {
  const history = new History();
  try {
    return await body(history);
  } finally {
    history.remove();
  }
}

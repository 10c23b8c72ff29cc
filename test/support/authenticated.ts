/** Histories that authenticate themselves: commits in a real repository, judged in process from a trust root. */
import { jest } from "@jest/globals";
import { verifyCommits, type VerifyOptions } from "../../src/check/commits.ts";
import type { Bytes, Decision, HashAlgorithm, ObjectId, ReportHead } from "../../src/model.ts";
import { concatBytes } from "../../src/encoding/bytes.ts";
import {
  armor,
  certification,
  eddsaKey,
  keyLifetime,
  MADE,
  publicKey,
  signature,
  userId,
  type TestKey,
} from "./openpgp.ts";
import { alice, bob, eve, person, principal, PushServer, type Person } from "./push-server.ts";

// Each judges a history of its own in process, after starting git for every commit.
jest.setTimeout(60_000);

export const POLICY = ".signpolicy.json";
export { alice, bob, eve, person, principal };
export const carol = person("carol");
export const NOW = 1_800_000_000;
/** When keys were made; the first commit is a minute later. */
export const BEGUN = MADE;

/** A person with an OpenPGP key, whose certificate can be made in any state. */
export interface PgpPerson extends Person {
  readonly primary: TestKey;
  /** Armored; `life` in seconds from when it was made. More packets stand behind the key's own self-signature. */
  certificate(options?: {
    readonly life?: number;
    readonly at?: number;
    readonly more?: readonly Bytes[];
    /** A second self-signature from then on, without an end. */
    readonly renewed?: number;
  }): string;
}

export function pgpPerson(name: string, seed: number): PgpPerson {
  const primary = eddsaKey({ seed });
  const id = `${name} <${name}@example.org>`;
  return {
    ...person(name),
    primary,
    sign: (payload, at) => signature(primary, payload, { at }),
    certificate({ life, at = MADE, more = [], renewed } = {}) {
      const own = certification(primary, id, { at, hashed: life === undefined ? [] : [keyLifetime(life)] });
      const revocations = more.filter((one) => (one[0] ?? 0) === 0xc2);
      const others = more.filter((one) => !revocations.includes(one));
      const renewal = renewed === undefined ? [] : [certification(primary, id, { at: renewed })];
      const packets = concatBytes(publicKey(primary), ...revocations, userId(id), own, ...renewal, ...others);
      return Buffer.from(armor("PGP PUBLIC KEY BLOCK", packets)).toString("latin1");
    },
  };
}

/** A principal of the policy with these keys, as the policy writes them. */
export const keyed = (who: Person, ...keys: readonly object[]): object => ({
  [who.name]: { emails: [who.email], keys },
});

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
  readonly #server: PushServer;
  readonly #trees = new Map<string, string>();
  #date = MADE;

  constructor(algorithm: HashAlgorithm = "sha1") {
    this.#server = new PushServer(null, algorithm, { hooks: false });
  }

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

  /** A commit of this very tree; no git is started for it. */
  ofTree(who: Person | null, parents: readonly string[], tree: string): ObjectId {
    return this.#server.commit(who, { parents, tree, date: (this.#date += 60) });
  }

  /** A commit that changes no file: the tree is its first parent's. */
  same(
    who: Person | null,
    parents: readonly [string, ...string[]],
    more: { readonly date?: number; readonly message?: string } = {},
  ): ObjectId {
    const tree = this.#trees.get(parents[0]) ?? this.repo.git(["rev-parse", `${parents[0]}^{tree}`]);
    const oid = this.#server.commit(who, { parents, tree, date: (this.#date += 60), ...more });
    this.#trees.set(oid, tree);
    return oid;
  }

  /** A change of the policy. */
  change(who: Person | null, parents: readonly [string, ...string[]], policy: string): ObjectId {
    return this.commit(who, parents, { [POLICY]: policy });
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

export async function withHistory<T>(
  body: (history: History) => Promise<T>,
  algorithm: HashAlgorithm = "sha1",
): Promise<T> {
  const history = new History(algorithm);
  try {
    return await body(history);
  } finally {
    history.remove();
  }
}

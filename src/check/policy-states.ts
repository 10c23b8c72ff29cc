import { posix } from "node:path";
import { type ObjectError, ParseError, PolicyError } from "../errors.ts";
import type { Commit, ObjectId, RefName } from "../model.ts";
import type { Exemption } from "../policy/policy.ts";
import { type LookAlike, lookAlikes } from "./look-alikes.ts";
import type { Outlines } from "./outlines.ts";
import { describePolicyError } from "./policy-issues.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { holdsPolicy, PACKAGE, POLICY_PATHS, TreePolicySource } from "./tree-policy.ts";
import { isPlainFile, type TreeWalker } from "./trees.ts";

/** The policy in one commit's tree: two commits hold the same exactly when `id` is the same. */
export interface PolicyState {
  readonly id: string;
  /** Null where there is none, or where it cannot be used. */
  readonly loaded: LoadedPolicy | null;
  /** Why it cannot be used; null where it can, and where there is none. */
  readonly problem: string | null;
  /** What of it is not in the object store, so that nobody can tell what it said. */
  readonly lost?: ObjectError;
  /** What stands in the tree where a file system that folds names would keep the policy or a key file of it. */
  readonly lookAlikes?: readonly LookAlike[];
}

export const NO_POLICY: PolicyState = { id: "none", loaded: null, problem: null };

const REMEMBERED = 4096;
const LOOKED_BACK = 64;

interface KnownPlaces {
  /** What tells this policy from another: its entry, or what package.json holds of it. */
  readonly words: string;
  /** The key files it names. */
  readonly keys: readonly string[];
}

/**
 * Reads the policies in the trees of commits. A policy is parsed once for its blob and those of its key files, however
 * many commits carry it.
 */
export class PolicyStates {
  readonly #trees: TreeWalker;
  readonly #outlines: Outlines;
  readonly #byTree = new Map<ObjectId, Promise<PolicyState>>();
  /** By the entries at the places of a policy, where it can be used. */
  readonly #known = new Map<string, KnownPlaces>();
  readonly #states = new Map<string, PolicyState>();
  readonly #packages = new Map<string, boolean>();

  constructor(trees: TreeWalker, outlines: Outlines) {
    this.#trees = trees;
    this.#outlines = outlines;
  }

  /** @throws ParseError for a tree or a blob on the way that cannot be read */
  at(commit: Commit): Promise<PolicyState> {
    const known = this.#byTree.get(commit.tree);
    if (known !== undefined) return known;
    if (this.#byTree.size >= REMEMBERED) this.#byTree.clear();
    const state = this.#read(commit).then((read) => this.#beside(commit.tree, read));
    state.catch(() => this.#byTree.delete(commit.tree));
    this.#byTree.set(commit.tree, state);
    return state;
  }

  /** Every policy that was read from a commit's tree until now, and can be used. */
  met(): readonly LoadedPolicy[] {
    return [...this.#states.values()].flatMap(({ loaded }) => loaded ?? []);
  }

  /**
   * What the policy in a commit's own tree forgives. Where there is none that can be used the last one before it, since the
   * commit that broke it is denied, and nothing that was forgiven till then should seem to be the cause.
   */
  async exemptAt(oid: ObjectId): Promise<readonly Exemption[]> {
    let next: ObjectId | undefined = oid;
    for (let steps = 0; next !== undefined && steps < LOOKED_BACK; steps += 1) {
      const commit: Commit | null = await this.#outlines.outline(next);
      const state = commit === null ? null : await this.at(commit).catch(ifParseError);
      if (state?.loaded != null) return state.loaded.policy.exempt;
      next = commit?.parents[0];
    }
    return [];
  }

  /** What the policy in a commit's own tree is known by; null where it cannot be read. */
  async idAt(oid: ObjectId): Promise<string | null> {
    const commit = await this.#outlines.outline(oid);
    const state = commit === null ? null : await this.at(commit).catch(ifParseError);
    return state?.id ?? null;
  }

  /** What looks like the policy or a key file of it at one of these commits; what cannot be read shows when it is judged. */
  async lookAlikesAt(oids: readonly ObjectId[]): Promise<readonly LookAlike[]> {
    const found: LookAlike[] = [];
    for (const oid of oids) {
      const commit = await this.#outlines.outline(oid);
      const state = commit === null ? null : await this.at(commit).catch(ifParseError);
      found.push(...(state?.lookAlikes ?? []));
    }
    return found;
  }

  async #beside(tree: ObjectId, state: PolicyState): Promise<PolicyState> {
    const files = state.loaded?.files ?? [];
    const found: LookAlike[] = [];
    for (const one of await lookAlikes(this.#trees, tree, [...POLICY_PATHS, ...files])) {
      const { of, entry } = one;
      // Most have a package.json, and no policy in it.
      const counts =
        of !== PACKAGE || files[0] === PACKAGE || (isPlainFile(entry) && (await this.#isPolicy(entry, true)));
      if (counts) found.push(one);
    }
    return found.length === 0 ? state : { ...state, lookAlikes: found };
  }

  async #read(commit: Commit): Promise<PolicyState> {
    const places = await this.#places(commit.tree);
    if (places === "") return NO_POLICY;
    const known = this.#known.get(places);
    if (known !== undefined) {
      const state = this.#states.get(await this.#idOf(commit.tree, known));
      if (state !== undefined) return state;
    }
    return this.#load(commit, places);
  }

  async #load(commit: Commit, places: string): Promise<PolicyState> {
    let loaded: LoadedPolicy;
    const source = new TreePolicySource(this.#trees, this.#outlines, commit.oid as string as RefName, commit.oid);
    try {
      loaded = await loadPolicy(source);
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      // Which key files it names is not known, so no other tree holds surely the same.
      const state = { id: `unusable in ${commit.tree}`, loaded: null, problem: describePolicyError(error) };
      return source.lost === null ? state : { ...state, lost: source.lost };
    }
    const [file, ...keys] = loaded.files;
    // Whoever changes a dependency in package.json leaves the policy beside it alone.
    const words = file === PACKAGE ? `${PACKAGE} ${loaded.content}` : places;
    const known = { words, keys };
    this.#known.set(places, known);
    const state = { id: await this.#idOf(commit.tree, known), loaded, problem: null };
    this.#states.set(state.id, state);
    return state;
  }

  /** The entries at the places of a policy; empty where there is none. */
  async #places(tree: ObjectId): Promise<string> {
    const found: string[] = [];
    for (const path of POLICY_PATHS) {
      const entry = await this.#trees.entry(tree, path);
      if (entry === null) continue;
      if (path === PACKAGE && !(isPlainFile(entry) && (await this.#isPolicy(entry, found.length > 0)))) continue;
      found.push(`${entry.mode} ${entry.oid} ${path}`);
    }
    return found.join("\n");
  }

  async #isPolicy(entry: { readonly mode: string; readonly oid: ObjectId }, hasOther: boolean): Promise<boolean> {
    const key = `${entry.oid} ${hasOther}`;
    const known = this.#packages.get(key);
    if (known !== undefined) return known;
    const holds = holdsPolicy(await this.#trees.blob(entry), hasOther);
    this.#packages.set(key, holds);
    return holds;
  }

  async #idOf(tree: ObjectId, { words, keys }: KnownPlaces): Promise<string> {
    const files = await Promise.all(
      keys.map(async (path) => {
        const entry = await this.#trees.entry(tree, posix.normalize(path));
        return entry === null ? `- ${path}` : `${entry.mode} ${entry.oid} ${path}`;
      }),
    );
    return [words, ...files].join("\n");
  }
}

function ifParseError(error: unknown): null {
  if (error instanceof ParseError) return null;
  throw error;
}

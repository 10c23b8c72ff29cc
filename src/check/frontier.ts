import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { isAbsolute, join } from "node:path";
import { PolicyError } from "../errors.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import type { Variables } from "../io/environment.ts";
import { forgetFrontier, writeFrontier } from "../io/frontier-file.ts";
import { askConfig, mayKeep } from "../io/git-memory.ts";
import { isPartialClone } from "../io/safety.ts";
import { groundOf, seePlace, surroundings, type SeenPlace, type Watched } from "../io/surroundings.ts";
import type { Decision, ReportHead, Seconds, SubjectKind } from "../model.ts";
import { CODE_PLACES } from "../policy/places.ts";
import { tally } from "../report/text.ts";
import { workTreePolicySource } from "./file-policy.ts";
import { horizonOf } from "./frontier-horizon.ts";
import { keptRuns, questionOf, type KeptRun } from "./frontier-runs.ts";
import { loadPolicy } from "./policy.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { addToSummary, EMPTY_SUMMARY, type ReportSink } from "./sink.ts";
import { POLICY_PATHS } from "./tree-policy.ts";

/** Runs that are kept; those that were made or repeated last. */
const MOST_RUNS = 16;

/** What was typed, and where. */
export interface Asked {
  /** The file of the program: its name holds a digest of all that it loads. */
  readonly program: string;
  readonly cwd: string;
  readonly environment: Variables;
  readonly words: readonly string[];
  /** Ranges, refs and ids among the words. */
  readonly targets: readonly string[];
  readonly quiet: boolean;
  /** Our clock. */
  readonly now: Seconds;
}

/**
 * Watches one run of `verify`, and keeps it if it allowed everything, without a warning, and if all that it looked at can be
 * told from files and was the same at its end as at its beginning. Whatever is in doubt is not kept.
 */
export class Frontier {
  readonly #asked: Asked;
  readonly #kinds = new Map<SubjectKind, number>();
  readonly #refs = new Set<string>();
  #summary = EMPTY_SUMMARY;
  #head: ReportHead | null = null;
  #isClean = true;
  /** When the first of the signatures itself expires. */
  #ends = Infinity;
  #session: Session | null = null;
  #place: SeenPlace | null = null;
  #ground: string | null = null;
  #governing: GoverningPolicy | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** The repository is found, and nothing of it but its configuration was read. */
  opened(session: Session): void {
    const { cwd, environment } = this.#asked;
    const place = seePlace(cwd, environment);
    if (place === null || !isSame(place, session) || !isPlain(session)) return;
    this.#session = session;
    this.#place = place;
    this.#ground = groundOf(place, environment);
  }

  governed(governing: GoverningPolicy): void {
    this.#governing = governing;
  }

  /** The same report, seen on its way. */
  over(sink: ReportSink): ReportSink {
    return {
      ...sink,
      begin: (head) => {
        this.#head = head;
        return sink.begin(head);
      },
      decision: (decision) => {
        this.#see(decision);
        return sink.decision(decision);
      },
    };
  }

  #see(decision: Decision): void {
    this.#summary = addToSummary(this.#summary, decision);
    this.#isClean &&= isClean(decision);
    tally(decision, this.#kinds, this.#refs);
    for (const one of decision.evidence)
      if (one.outcome === "verified" && one.ends !== undefined) this.#ends = Math.min(this.#ends, one.ends);
  }

  /** The run has ended, and its report is written. */
  async keep(): Promise<void> {
    const { program, cwd, words, quiet, now } = this.#asked;
    const question = questionOf(program, cwd, words);
    const place = this.#place;
    if (place === null) return;
    const { commonDir } = place;
    const others = keptRuns(commonDir).filter((one) => one.question !== question);
    const seen = await this.#seen(place);
    const until = this.#until();
    if (seen === null || until === null || this.#head?.policy == null) {
      // What an earlier run found is no longer so.
      if (others.length < keptRuns(commonDir).length) this.#write(others);
      return;
    }
    const run: KeptRun = {
      question,
      at: now,
      until: until === Infinity ? null : until,
      ...seen,
      quiet,
      policy: this.#head.policy,
      notes: this.#head.notes,
      summary: this.#summary,
      kinds: [...this.#kinds],
      refs: [...this.#refs],
    };
    this.#write([run, ...others].slice(0, MOST_RUNS));
  }

  #write(runs: readonly KeptRun[]): void {
    const commonDir = this.#place?.commonDir ?? "";
    if (runs.length === 0) forgetFrontier(commonDir);
    else writeFrontier(commonDir, runs);
  }

  /** When a verdict may change, by the policy that judged and those that it met in the history. */
  #until(): Seconds | null {
    const { now } = this.#asked;
    const policies = [this.#governing?.loaded, ...(this.#session?.states.met() ?? [])];
    let first = this.#ends;
    for (const policy of policies) {
      const horizon = policy === undefined ? null : horizonOf(policy, now);
      if (horizon === null) return null;
      first = Math.min(first, horizon);
    }
    return first;
  }

  /** All that it looked at, if it is still the same. */
  async #seen(place: SeenPlace): Promise<Pick<KeptRun, "watched" | "surroundings"> | null> {
    const { cwd, environment, targets, program } = this.#asked;
    const session = this.#session;
    const loaded = this.#governing?.loaded;
    const names = namesIn(targets);
    if (!this.#isClean || this.#ground === null || session === null || loaded === undefined || names === null)
      return null;
    const config = await askConfig({ ...session.repository, cwd });
    if (config === null || JSON.stringify(config.values) !== JSON.stringify(session.config.values)) return null;
    const own = await ownPolicy(place);
    if (own === undefined) return null;
    const watched: Watched = {
      system: config.system,
      files: [...new Set([...(own === null ? [] : filesOf(own, place)), ...filesOf(loaded, place)])],
      places: place.top === null ? [] : [...POLICY_PATHS, ...CODE_PLACES].map((path) => join(place.top ?? "", path)),
      programs: programsBeside(program),
      names,
    };
    const before = surroundings(place, environment, watched);
    const unchanged = (await Promise.all([loaded, ...(own === null ? [] : [own])].map(isAsRead))).every(Boolean);
    const after = surroundings(place, environment, watched);
    const isStill = before !== null && unchanged && before === after && groundOf(place, environment) === this.#ground;
    return isStill ? { watched, surroundings: before } : null;
  }
}

/** Exempt commits are counted, and not shown; whether they are does not hang on the clock where the code does not. */
const isClean = ({ allow, exempt, findings }: Decision): boolean =>
  allow &&
  (exempt ? findings.every(({ code }) => code === "unsigned" || code === "unknown-key") : findings.length === 0);

/** git and we mean the same repository. */
const isSame = ({ gitDir, commonDir, top }: SeenPlace, { repository }: Session): boolean =>
  gitDir === repository.gitDir &&
  commonDir === realpathSync.native(repository.commonDir) &&
  top === repository.workTree;

/** Refs and objects lie where they are looked for, and no exported record is a witness. */
const isPlain = ({ config }: Session): boolean =>
  mayKeep(config) &&
  !isPartialClone(config) &&
  (config.get("extensions.refstorage") ?? "files") === "files" &&
  config.get("signpolicy.witness") === null &&
  config.get("signpolicy.witnesskey") === null;

/**
 * The names in what was asked for, which git looks for in its own directory, too (gitrevisions(7)); null where a word means
 * something that no file tells: what a ref was, a message, the beginning of an id.
 */
function namesIn(targets: readonly string[]): readonly string[] | null {
  const names = targets.flatMap((target) => target.replace(/^\^/, "").split(/\.{2,3}/));
  const plain = names.map((name) => name.replace(/(?:[~^]\d*)+$/, "")).filter((name) => name !== "" && name !== "@");
  const isTold = (name: string): boolean =>
    isObjectId(name) || (/^\w[\w./-]*$/.test(name) && !/^[0-9a-f]{4,}$|-g[0-9a-f]+$/i.test(name));
  return plain.every(isTold)
    ? plain.filter((name) => !isObjectId(name) && name !== "HEAD" && !name.startsWith("refs/"))
    : null;
}

/** The policy in the work tree, with which the one that governs was compared; null where there is none. */
async function ownPolicy({ top }: SeenPlace): Promise<LoadedPolicy | null | undefined> {
  if (top === null) return null;
  try {
    return await loadPolicy(workTreePolicySource(top));
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.code === "ERR_POLICY_MISSING" ? null : undefined;
  }
}

/** Of a policy in a ref's tree none: the ref stands for them. */
function filesOf({ files, origin }: LoadedPolicy, { top }: SeenPlace): readonly string[] {
  if (!origin.source.startsWith("file:")) return [];
  return files.map((file) => (isAbsolute(file) ? file : join(top ?? "", file)));
}

async function isAsRead({ origin, digestNow }: LoadedPolicy): Promise<boolean> {
  if (!origin.source.startsWith("file:")) return true;
  try {
    return (await digestNow()) === origin.digest;
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}

/** What else judges: the threads' own file, and the package that stays outside the bundle. */
function programsBeside(program: string): readonly string[] {
  const files = [program, join(program, "..", "raw-thread.cjs")];
  try {
    return [...files, createRequire(import.meta.url).resolve("openpgp")];
  } catch {
    return files;
  }
}

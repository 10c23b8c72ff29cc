import { realpathSync } from "node:fs";
import type { Variables } from "../io/environment.ts";
import { forgetFrontier, writeFrontier } from "../io/frontier-file.ts";
import { mayKeep } from "../io/git-memory.ts";
import { isPartialClone } from "../io/safety.ts";
import { groundOf, seePlace, stillOf, type SeenPlace } from "../io/surroundings.ts";
import type { Decision, ObjectId, RefName, ReportHead, Seconds, SubjectKind, Summary } from "../model.ts";
import type { Rule } from "../policy/policy.ts";
import { tally } from "../report/text.ts";
import { horizonOf } from "./frontier-horizon.ts";
import { isClean, keptIn, questionOf, type Kept, type KeptRun } from "./frontier-runs.ts";
import { judgeBeyond, keyOf, mayBeKept, type AskedHistory, type JudgedBeyond, type KnownTip } from "./frontier-tips.ts";
import { beginWatch, judgesOf, watchedBy, type BegunWatch } from "./frontier-watched.ts";
import { isForPaths } from "./judge-commit.ts";
import type { JudgingContext } from "./range.ts";
import type { GoverningPolicy, Session } from "./session.ts";
import { addSummaries, addToSummary, EMPTY_SUMMARY, type ReportSink } from "./sink.ts";
import { AncestorDates } from "./walk.ts";

/** Runs that are kept; those that were made last. */
const MOST_RUNS = 16;
const MOST_TIPS = 32;

/** What was typed, and where. */
export interface Asked {
  /** The file of the program: its name holds a digest of all that it loads. */
  readonly program: string;
  /** In which the words mean what they mean. */
  readonly cwd: string;
  /** `-C` led there: typed in another folder, or in that one, the same words may mean another. */
  readonly isElsewhere: boolean;
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
 * told from files and was the same at its end as at its beginning. Keeps the tips of histories that it allowed as a whole, so
 * that what is built on them need not wait for them to be judged again. Whatever is in doubt is not kept.
 */
export class Frontier {
  readonly #asked: Asked;
  readonly #kinds = new Map<SubjectKind, number>();
  readonly #refs = new Set<string>();
  readonly #tips: Omit<KnownTip, "at" | "until">[] = [];
  #summary = EMPTY_SUMMARY;
  #head: ReportHead | null = null;
  #isClean = true;
  /** When the first of the signatures itself expires, or what was known before may change. */
  #ends = Infinity;
  #session: Session | null = null;
  #place: SeenPlace | null = null;
  #kept: Kept = { runs: [], tips: [] };
  #ground: string | null = null;
  #governing: GoverningPolicy | null = null;
  #judges: string | null = null;
  #watch: BegunWatch | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
  }

  /** The repository is found, and nothing of it but its configuration was read. */
  opened(session: Session): void {
    const { cwd, environment } = this.#asked;
    try {
      const place = seePlace(cwd, environment);
      if (place === null || !isSame(place, session) || !isPlain(session)) return;
      this.#ground = groundOf(place, environment, stillOf);
      this.#kept = keptIn(place.commonDir);
      this.#session = session;
      this.#place = place;
    } catch {
      // What cannot be looked at is not remembered.
    }
  }

  governed(governing: GoverningPolicy): void {
    this.#governing = governing;
    if (this.#session !== null) this.#watch = beginWatch(this.#asked, this.#session);
  }

  /** Much of what is to be judged may be known. */
  get mayKnow(): boolean {
    return this.#kept.tips.length > 0;
  }

  /** The same report, seen on its way. */
  over(sink: ReportSink): ReportSink {
    const counted = sink.counted?.bind(sink);
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
      ...(counted === undefined
        ? {}
        : {
            counted: (ref: RefName | null, summary: Summary) => {
              this.#summary = addSummaries(this.#summary, summary);
              tally({ kind: "commit", ref }, summary.checked, this.#kinds, this.#refs);
              counted(ref, summary);
            },
          }),
    };
  }

  #see(decision: Decision): void {
    this.#summary = addToSummary(this.#summary, decision);
    this.#isClean &&= isClean(decision);
    tally(decision.subject, 1, this.#kinds, this.#refs);
    for (const one of decision.evidence)
      if (one.outcome === "verified" && one.ends !== undefined) this.#ends = Math.min(this.#ends, one.ends);
  }

  /**
   * One history that is to be judged from its beginning; null where it can be neither known nor kept. Rules for paths ask more
   * trees than are looked at again.
   */
  history(
    context: JudgingContext,
    ref: RefName | null,
    include: readonly ObjectId[],
    rules: readonly Rule[],
  ): HistoryWatch | null {
    const [tip, ...others] = include;
    const governing = this.#governing;
    if (this.#place === null || governing === null || tip === undefined || others.length > 0) return null;
    if (rules.some(isForPaths) || horizonOf(governing.loaded, context.now) === null) return null;
    const asked = { ref, tip, rules };
    this.#judges ??= judgesOf(this.#asked.program, this.#asked.environment);
    const key = keyOf(this.#judges, governing, asked);
    const known = this.#kept.tips.filter((one) => one.key === key);
    return new HistoryWatch(context, asked, known, (newest, summary, before) => {
      this.#tips.push({ key, oid: tip, newest, summary });
      this.#ends = Math.min(this.#ends, before?.until ?? Infinity);
    });
  }

  /** The run has ended, and its report is written. */
  async keep(): Promise<void> {
    const { program, cwd, isElsewhere, words, quiet, now } = this.#asked;
    const place = this.#place;
    if (place === null) return;
    const question = questionOf(program, cwd, words);
    const others = this.#kept.runs.filter((one) => one.question !== question);
    const ends = this.#until();
    const until = ends === Infinity ? null : ends;
    const seen = ends === null || isElsewhere ? null : await this.#seen(place);
    const said = { quiet, summary: this.#summary, kinds: [...this.#kinds], refs: [...this.#refs] };
    const run: KeptRun[] =
      seen === null || this.#head?.policy == null
        ? []
        : [{ question, at: now, until, ...seen, ...said, policy: this.#head.policy, notes: this.#head.notes }];
    const tips = ends === null ? [] : this.#tips.map((tip): KnownTip => ({ ...tip, at: now, until }));
    // What an earlier run found is no longer so, or is found anew.
    if (run.length + tips.length === 0 && others.length === this.#kept.runs.length) return;
    const older = this.#kept.tips.filter(({ key, oid }) => !tips.some((tip) => tip.key === key && tip.oid === oid));
    const kept: Kept = {
      runs: [...run, ...others].slice(0, MOST_RUNS),
      tips: [...tips, ...older].slice(0, MOST_TIPS),
    };
    if (kept.runs.length + kept.tips.length === 0) forgetFrontier(place.commonDir);
    else writeFrontier(place.commonDir, kept);
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
    const session = this.#session;
    const loaded = this.#governing?.loaded;
    const watch = this.#watch;
    if (!this.#isClean || this.#ground === null || session === null || loaded === undefined || watch === null)
      return null;
    const seen = await watchedBy(this.#asked, session, loaded, place, watch);
    return groundOf(place, this.#asked.environment, stillOf) === this.#ground ? seen : null;
  }
}

/** One history on its way through the verifier. */
export class HistoryWatch {
  /** For the walk. */
  readonly dates: AncestorDates;
  readonly #context: JudgingContext;
  readonly #asked: AskedHistory;
  readonly #known: readonly KnownTip[];
  readonly #allowed: (newest: Seconds | null, summary: Summary, known: KnownTip | null) => void;
  #summary = EMPTY_SUMMARY;
  #isClean = true;

  constructor(
    context: JudgingContext,
    asked: AskedHistory,
    known: readonly KnownTip[],
    allowed: (newest: Seconds | null, summary: Summary, known: KnownTip | null) => void,
  ) {
    this.dates = new AncestorDates(context.outlines);
    this.#context = context;
    this.#asked = asked;
    this.#known = known;
    this.#allowed = allowed;
  }

  /** What is new of it, where the rest is known; null where all of it must be judged. */
  async beyond(): Promise<JudgedBeyond | null> {
    if (this.#known.length === 0) return null;
    const judged = await judgeBeyond(this.#context, this.#asked, this.#known);
    if (judged !== null) this.#allowed(judged.newest, judged.summary, judged.known);
    return judged;
  }

  see(decision: Decision): void {
    this.#summary = addToSummary(this.#summary, decision);
    this.#isClean &&= isClean(decision);
  }

  /** All of it was judged. */
  async ended(): Promise<void> {
    if (!this.#isClean || !(await mayBeKept(this.#context))) return;
    this.#allowed(this.dates.newestOf(this.#asked.tip), this.#summary, null);
  }
}

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

/**
 * What a receive record comes to: which value of which ref landed, and which rules passed it at error level. It lies
 * outside the refs, so that nobody who can only push can write to it. From it come the judged tips of a rule: commits
 * that those reach have been judged by that rule and are not judged again.
 */
import { formatTime, parseTime } from "../encoding/time.ts";
import type { ObjectId, RefName, Seconds } from "../model.ts";
import { noTable, LayeredMap, LayeredSet, type Row, type Table } from "./layered-map.ts";
import type { RecordBaseline, RecordEntry, RecordLanded, RecordMet, RecordPush } from "./record-entries.ts";
import { NO_TIPS, type Tips } from "./tip-set.ts";

/** Longer than a certificate's nonce is good (push-nonce.ts), by a wide margin for clocks. */
const CERTIFICATES_KEPT: Seconds = 2 * 24 * 60 * 60;

/** A state as a file's first line keeps it. Refs that were deleted are left out: as if they had never been seen. */
export interface SavedState {
  readonly roots: readonly ObjectId[];
  /** What was signed in the push certificates of the last days, by its digest, and when they landed. */
  readonly certificates: readonly (readonly [string, string])[];
  /** Name, value, and the value before it. */
  readonly refs: readonly (readonly [RefName, ObjectId, ObjectId | null])[];
  readonly stood: readonly (readonly [RefName, ObjectId])[];
  readonly rules: readonly {
    readonly name: string;
    readonly refs: readonly string[];
    readonly shared: readonly ObjectId[];
    readonly own: readonly (readonly [RefName, ObjectId])[];
    readonly paths?: true;
    readonly signers?: readonly string[];
  }[];
}

/** Of a state, what does not grow with the number of refs. */
export interface StateHead {
  readonly id: string | null;
  readonly file: number;
  readonly roots: readonly ObjectId[];
  readonly certificates: SavedState["certificates"];
  readonly rules: readonly Omit<SavedState["rules"][number], "shared" | "own">[];
}

interface RuleState {
  patterns: Set<string>;
  readonly shared: LayeredSet;
  readonly own: LayeredMap<RefName, ObjectId>;
  /** It looks at some paths alone. */
  paths: boolean;
  /** Whose signature it took when it was met last; null where it refused no commit, or nobody wrote it down. */
  signers: readonly string[] | null;
}

interface Landing {
  readonly value: ObjectId | null;
  /** What the ref was before. */
  readonly from: ObjectId | null;
}

const asLanding = ([, value, from]: Row): Landing => ({
  value: value as ObjectId | null,
  from: from as ObjectId | null,
});
const asValue = ([, oid]: Row): ObjectId => oid as ObjectId;

/** What a map holds, as a table. */
const tableOf = <K extends string, V>(map: LayeredMap<K, V>, write: (key: K, value: V) => Row): Table => ({
  size: map.size,
  row(key) {
    const value = map.get(key as K);
    return value === undefined ? undefined : write(key as K, value);
  },
  rows: () => Array.from(map, ([key, value]) => write(key, value)),
});

const tableOfSet = (set: LayeredSet): Table => ({
  size: set.size,
  row: (key) => (set.has(key as ObjectId) ? [key] : undefined),
  rows: () => Array.from(set, (oid): Row => [oid]),
});

export class RecordState {
  /** Null for a record that has not begun. */
  id: string | null = null;
  /** Of the files that it is kept in, the one that was read last. */
  file = 1;
  roots: readonly ObjectId[] = [];
  readonly #refs = new LayeredMap<RefName, Landing>();
  /** Values found standing when a rule was met, of refs on which nothing has landed since. */
  readonly #stood = new LayeredMap<RefName, ObjectId>();
  readonly #rules = new Map<string, RuleState>();
  readonly #certificates = new Map<string, string>();

  apply(entry: RecordEntry): void {
    switch (entry.kind) {
      case "begin":
        this.id = entry.id;
        this.roots = entry.roots;
        return;
      case "bound":
        this.roots = entry.roots;
        return;
      case "segment":
        this.id = entry.id;
        this.file = entry.number;
        this.#restore(entry.state);
        return;
      case "baseline":
        this.#rebase(entry);
        return;
      case "met":
        this.#meet(entry);
        return;
      case "landed":
        this.#land(entry);
        return;
      case "push":
        this.#sign(entry);
    }
  }

  /** The state that these tables hold, of which no more is read than is asked for: an index (record-index.ts). */
  static over(head: StateHead, tables: readonly Table[]): RecordState {
    const state = new RecordState();
    state.id = head.id;
    state.file = head.file;
    state.roots = head.roots;
    for (const [signed, at] of head.certificates) state.#certificates.set(signed, at);
    const table = (at: number): Table => tables[at] ?? noTable();
    state.#refs.lay(table(0), asLanding);
    state.#stood.lay(table(1), asValue);
    for (const [at, { name, refs, paths = false, signers = null }] of head.rules.entries()) {
      const rule = state.#rule(name);
      Object.assign(rule, { patterns: new Set(refs), paths, signers });
      rule.shared.lay(table(2 + 2 * at));
      rule.own.lay(table(3 + 2 * at), asValue);
    }
    return state;
  }

  head(): StateHead {
    const rules = [...this.#rules].map(([name, { patterns, paths, signers }]) => ({
      name,
      refs: [...patterns],
      ...(paths ? { paths } : {}),
      ...(signers === null ? {} : { signers }),
    }));
    return { id: this.id, file: this.file, roots: this.roots, certificates: [...this.#certificates], rules };
  }

  /** All that `head` leaves out, for `over`. */
  tables(): readonly Table[] {
    const values = (map: LayeredMap<RefName, ObjectId>): Table => tableOf(map, (ref, oid) => [ref, oid]);
    return [
      tableOf(this.#refs, (ref, { value, from }) => [ref, value, from]),
      values(this.#stood),
      ...[...this.#rules.values()].flatMap(({ shared, own }) => [tableOfSet(shared), values(own)]),
    ];
  }

  /** The whole of it, in an order that depends on nothing but the entries: not to be asked of one that lies over tables. */
  save(): SavedState {
    return {
      roots: this.roots,
      certificates: [...this.#certificates],
      refs: [...this.#refs].flatMap(([ref, { value, from }]) => (value === null ? [] : [[ref, value, from] as const])),
      stood: [...this.#stood],
      rules: [...this.#rules].map(([name, { patterns, shared, own, paths, signers }]) => ({
        name,
        refs: [...patterns],
        shared: [...shared],
        own: [...own],
        ...(paths ? { paths } : {}),
        ...(signers === null ? {} : { signers }),
      })),
    };
  }

  #restore({ roots, certificates, refs, stood, rules }: SavedState): void {
    this.roots = roots;
    this.#refs.clear();
    this.#stood.clear();
    this.#rules.clear();
    this.#certificates.clear();
    for (const [signed, at] of certificates) this.#certificates.set(signed, at);
    for (const [ref, value, from] of refs) this.#refs.set(ref, { value, from });
    for (const [ref, value] of stood) this.#stood.set(ref, value);
    for (const { name, refs: patterns, shared, own, paths = false, signers = null } of rules) {
      const rule = this.#rule(name);
      Object.assign(rule, { patterns: new Set(patterns), paths, signers });
      for (const oid of shared) rule.shared.add(oid);
      for (const [ref, oid] of own) rule.own.set(ref, oid);
    }
  }

  /** Where the record left a ref: its value, null where it was deleted, undefined where the record never saw it. */
  left(ref: RefName): ObjectId | null | undefined {
    const landed = this.#refs.get(ref);
    return landed === undefined ? this.#stood.get(ref) : landed.value;
  }

  /** Every ref that the record tells of, deleted ones included. */
  refsKnown(): readonly RefName[] {
    return [...new Set([...this.#refs.keys(), ...this.#stood.keys()])];
  }

  /** Every ref that the record left standing. */
  refsLeft(): readonly RefName[] {
    return this.refsKnown().filter((ref) => typeof this.left(ref) === "string");
  }

  /**
   * The patterns under which the rule of this name was met; null where it never was, or when it looked at some paths alone
   * and now does not, or the other way: what the one judged says nothing of what the other asks.
   */
  patternsOf({ name, paths }: { readonly name: string; readonly paths: boolean }): ReadonlySet<string> | null {
    const known = this.#rules.get(name);
    return known?.paths === paths ? known.patterns : null;
  }

  /** The rules that were met and not found gone since, as they were met last. */
  rulesInForce(): ReadonlyMap<string, Readonly<Pick<RuleState, "paths" | "patterns">>> {
    return new Map([...this.#rules].filter(([, { patterns }]) => patterns.size > 0));
  }

  /** Whether no rule was ever met: what stands now was there before anybody judged. */
  isNew(): boolean {
    return this.#rules.size === 0;
  }

  /** The rules that have judged every commit of this value, or found it standing when they were the first to look. */
  judgesOf(oid: ObjectId): readonly string[] {
    return [...this.#rules].flatMap(([name, { shared, paths }]) => (!paths && shared.has(oid) ? [name] : []));
  }

  /** Whose signature a rule took when it was met last. */
  signersOf(rule: string): readonly string[] | null {
    return this.#rules.get(rule)?.signers ?? null;
  }

  /** Values that count as judged by this rule on every ref it names. */
  sharedTips(rule: string): Tips {
    return this.#rules.get(rule)?.shared ?? NO_TIPS;
  }

  /** Values that count as judged by this rule for an update of this ref alone. */
  ownTips(rule: string, ref: RefName): ReadonlySet<ObjectId> {
    const tips = [this.#rules.get(rule)?.own.get(ref), this.#refs.get(ref)?.value];
    return new Set(tips.filter((oid) => oid !== undefined && oid !== null));
  }

  /** Whether a push certificate over this, by its digest, has landed lately; a nonce lives shorter than that. */
  hasLanded(signed: string): boolean {
    return this.#certificates.has(signed);
  }

  #sign({ certificate, at }: RecordPush): void {
    if (certificate === null) return;
    // Times of one form and one zone stand in the order of their letters; what is of another day of the record is old.
    const kept = formatTime(parseTime(at) - CERTIFICATES_KEPT);
    for (const [signed, landed] of this.#certificates) if (landed < kept) this.#certificates.delete(signed);
    this.#certificates.set(certificate.signed, at);
  }

  #rule(name: string): RuleState {
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const created: RuleState = {
      patterns: new Set(),
      shared: new LayeredSet(),
      own: new LayeredMap(),
      paths: false,
      signers: null,
    };
    this.#rules.set(name, created);
    return created;
  }

  #rebase(entry: RecordBaseline): void {
    this.#refs.clear();
    this.#stood.clear();
    for (const [ref, oid] of Object.entries(entry.refs)) this.#stood.set(ref as RefName, oid as ObjectId);
  }

  #meet(entry: RecordMet): void {
    const rule = this.#rule(entry.rule);
    if (rule.paths !== (entry.paths === true)) {
      rule.shared.clear();
      rule.own.clear();
      rule.paths = entry.paths === true;
    }
    rule.patterns = new Set(entry.refs);
    rule.signers = entry.signers ?? null;
    if (entry.anew === true) rule.shared.clear();
    for (const [ref, oid] of Object.entries(entry.tips)) {
      if (!this.#refs.has(ref as RefName)) this.#stood.set(ref as RefName, oid as ObjectId);
      if (entry.scope === "rule") rule.shared.add(oid as ObjectId);
      else rule.own.set(ref as RefName, oid as ObjectId);
    }
  }

  #land(entry: RecordLanded): void {
    this.#refs.change(entry.ref, (last) => {
      // Of two pushes in a row the second may be written down first; then the first does not take the ref back.
      const isLate = last !== undefined && entry.new === last.from && entry.old !== last.value;
      return isLate ? last : { value: entry.new, from: entry.old };
    });
    this.#stood.delete(entry.ref);
    if (entry.new === null) return;
    for (const name of entry.rules) {
      const { shared } = this.#rule(name);
      shared.add(entry.new);
      // The new value reaches the old one and so speaks for all that it spoke for.
      if (entry.forward && entry.old !== null && entry.old !== entry.new) shared.delete(entry.old);
    }
  }
}

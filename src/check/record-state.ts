/**
 * The receive record: which value of which ref landed, and which rules passed it at error level. It lies outside the
 * refs, so that nobody who can only push can write to it. From it come the judged tips of a rule: commits that those
 * reach have been judged by that rule and are not judged again.
 */
import { SignpolicyError } from "../errors.ts";
import { formatTime } from "../encoding/time.ts";
import type { ObjectId, RefName, Seconds } from "../model.ts";

export interface RecordBegin {
  readonly kind: "begin";
  readonly v: 1;
  /** Random; the repository's configuration names it, so that a lost or exchanged record is noticed. */
  readonly id: string;
  readonly at: string;
}

/**
 * A rule met for the first time, or one that names more refs than before. `tips` is what stood on the refs it newly
 * names: its baseline. `scope: "rule"` counts for every ref of the rule, `"ref"` for the ref alone, so that a ref
 * nobody judged does not vouch for the others.
 */
export interface RecordMet {
  readonly kind: "met";
  readonly at: string;
  readonly rule: string;
  readonly refs: readonly string[];
  readonly scope: "rule" | "ref";
  readonly tips: Readonly<Record<string, string>>;
}

export interface RecordLanded {
  readonly kind: "landed";
  readonly at: string;
  readonly ref: RefName;
  readonly old: ObjectId | null;
  readonly new: ObjectId | null;
  readonly policy: string;
  /** Rules that passed it at error level. */
  readonly rules: readonly string[];
  /** The new value reaches the old one. */
  readonly forward: boolean;
}

export type RecordEntry = RecordBegin | RecordMet | RecordLanded;

interface RuleState {
  patterns: Set<string>;
  shared: Set<ObjectId>;
  own: Map<RefName, ObjectId>;
}

export class RecordState {
  /** Null for a record that has not begun. */
  id: string | null = null;
  readonly #refs = new Map<RefName, ObjectId | null>();
  /** Values found standing when a rule was met, of refs on which nothing has landed since. */
  readonly #stood = new Map<RefName, ObjectId>();
  readonly #rules = new Map<string, RuleState>();

  /** Values in the order in which they came to stand on refs, with our time. */
  readonly #arrivals: { readonly at: string; readonly oid: ObjectId }[] = [];

  apply(entry: RecordEntry): void {
    if (entry.kind === "begin") this.id = entry.id;
    else if (entry.kind === "met") this.#meet(entry);
    else this.#land(entry);
  }

  /** Values that stood on some ref before this moment, whoever had judged them. */
  arrivedBefore(moment: Seconds): readonly ObjectId[] {
    // Times of one form and one zone stand in the order of their letters.
    const limit = formatTime(moment);
    return [...new Set(this.#arrivals.filter(({ at }) => at < limit).map(({ oid }) => oid))];
  }

  /** Where the record left a ref: its value, null where it was deleted, undefined where the record never saw it. */
  left(ref: RefName): ObjectId | null | undefined {
    const landed = this.#refs.get(ref);
    return landed === undefined ? this.#stood.get(ref) : landed;
  }

  /** Every ref that the record left standing. */
  refsLeft(): readonly RefName[] {
    const names = new Set([...this.#refs.keys(), ...this.#stood.keys()]);
    return [...names].filter((ref) => typeof this.left(ref) === "string");
  }

  /** The patterns under which the rule of this name was met, null where it never was. */
  patternsOf(rule: string): ReadonlySet<string> | null {
    return this.#rules.get(rule)?.patterns ?? null;
  }

  /** Values that count as judged by this rule on every ref it names. */
  sharedTips(rule: string): ReadonlySet<ObjectId> {
    return this.#rules.get(rule)?.shared ?? new Set();
  }

  /** Values that count as judged by this rule for an update of this ref alone. */
  ownTips(rule: string, ref: RefName): ReadonlySet<ObjectId> {
    const tips = [this.#rules.get(rule)?.own.get(ref), this.#refs.get(ref)];
    return new Set(tips.filter((oid) => oid !== undefined && oid !== null));
  }

  #rule(name: string): RuleState {
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const created: RuleState = { patterns: new Set(), shared: new Set(), own: new Map() };
    this.#rules.set(name, created);
    return created;
  }

  #meet(entry: RecordMet): void {
    const rule = this.#rule(entry.rule);
    rule.patterns = new Set(entry.refs);
    for (const [ref, oid] of Object.entries(entry.tips)) {
      this.#arrivals.push({ at: entry.at, oid: oid as ObjectId });
      if (!this.#refs.has(ref as RefName)) this.#stood.set(ref as RefName, oid as ObjectId);
      if (entry.scope === "rule") rule.shared.add(oid as ObjectId);
      else rule.own.set(ref as RefName, oid as ObjectId);
    }
  }

  #land(entry: RecordLanded): void {
    this.#refs.set(entry.ref, entry.new);
    this.#stood.delete(entry.ref);
    if (entry.new === null) return;
    this.#arrivals.push({ at: entry.at, oid: entry.new });
    for (const name of entry.rules) {
      const { shared } = this.#rule(name);
      shared.add(entry.new);
      // The new value reaches the old one and so speaks for all that it spoke for.
      if (entry.forward && entry.old !== null && entry.old !== entry.new) shared.delete(entry.old);
    }
  }
}

/**
 * Reads a record. A last line without its line end was being written when the machine stopped: what it would have said
 * is judged again, so it is left out. Anything else that is not a record line means that the file was damaged.
 *
 * @throws SignpolicyError ERR_RECORD_BROKEN
 */
export function parseRecord(text: string): RecordState {
  const state = new RecordState();
  const lines = text.split("\n");
  lines.pop();
  lines.forEach((line, index) => {
    const entry = parseEntry(line);
    const ordered = entry !== null && (entry.kind === "begin") === (index === 0);
    if (!ordered) throw new SignpolicyError("ERR_RECORD_BROKEN", `the receive record is damaged at line ${index + 1}`);
    state.apply(entry);
  });
  return state;
}

export const renderEntry = (entry: RecordEntry): string => `${JSON.stringify(entry)}\n`;

function parseEntry(line: string): RecordEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return isEntry(value) ? value : null;
}

const OID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const isOid = (value: unknown): boolean => typeof value === "string" && OID.test(value);
const isText = (value: unknown): value is string => typeof value === "string";
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

function isEntry(value: unknown): value is RecordEntry {
  if (typeof value !== "object" || value === null) return false;
  const entry = value as Record<string, unknown>;
  if (!isText(entry["at"])) return false;
  switch (entry["kind"]) {
    case "begin":
      return entry["v"] === 1 && isText(entry["id"]);
    case "met": {
      const tips = entry["tips"];
      const scoped = entry["scope"] === "rule" || entry["scope"] === "ref";
      return scoped && isText(entry["rule"]) && areTexts(entry["refs"]) && isTips(tips);
    }
    case "landed":
      return (
        isText(entry["ref"]) &&
        (entry["old"] === null || isOid(entry["old"])) &&
        (entry["new"] === null || isOid(entry["new"])) &&
        areTexts(entry["rules"]) &&
        typeof entry["forward"] === "boolean"
      );
    default:
      return false;
  }
}

const isTips = (value: unknown): boolean =>
  typeof value === "object" && value !== null && Object.values(value).every(isOid);

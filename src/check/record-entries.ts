/**
 * Lines of the receive record. Each holds its number and the digest of the line before it, so that a line which was
 * changed, dropped, put elsewhere or added shows.
 */
import { digestBytes } from "../encoding/digest.ts";
import { toHex } from "../encoding/hex.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import type { Bytes, Fingerprint, ObjectId, PolicyOrigin, RefName, VerdictCode } from "../model.ts";
import type { SavedState } from "./record-state.ts";

export interface RecordBegin {
  readonly kind: "begin";
  readonly at: string;
  readonly v: 2;
  /** Random; the repository's configuration names it, so that a lost or exchanged record is noticed. */
  readonly id: string;
  /** Commits without parents that the repository held: a record of another repository has others. */
  readonly roots: readonly ObjectId[];
}

/** The roots of a repository that held none when its record began. */
export interface RecordBound {
  readonly kind: "bound";
  readonly at: string;
  readonly roots: readonly ObjectId[];
}

/** The first line of a later file: all that the lines before it come to, so that a push reads one file alone. */
export interface RecordSegment {
  readonly kind: "segment";
  readonly at: string;
  readonly id: string;
  /** Of this file; the one that began the record has 1. */
  readonly number: number;
  readonly state: SavedState;
}

/**
 * An administrator looked and let the record go on after it had lost its end: `refs` is what stands now. The `met` lines
 * behind it are the new baselines.
 */
export interface RecordBaseline {
  readonly kind: "baseline";
  readonly at: string;
  /** Number of the last line that is known to have been written, where that is known. */
  readonly lost: number | null;
  readonly refs: Readonly<Record<string, string>>;
}

/**
 * A rule met for the first time, or one that names more refs than before. `tips` is what stood on the refs it newly
 * names: its baseline. `scope: "rule"` counts for every ref of the rule, `"ref"` for the ref alone, so that a ref
 * nobody judged does not vouch for the others. Without `refs`: the policy has this rule no longer.
 */
export interface RecordMet {
  readonly kind: "met";
  readonly at: string;
  readonly rule: string;
  readonly refs: readonly string[];
  readonly scope: "rule" | "ref";
  readonly tips: Readonly<Record<string, string>>;
  /** The rule looks at some paths alone: what it passed may hold commits that nobody asked for a signature. */
  readonly paths?: true;
  /** Whose signature it takes; absent where it refuses no commit. Written anew when they change. */
  readonly signers?: readonly string[];
  /** Of what it judged before only `tips` count for all of its refs: it takes the place of rules that asked for more there. */
  readonly anew?: true;
}

/** Who pushed, as the server's environment says: a claim of the transport, proven only by a certificate. */
export interface Pusher {
  /** The variable that names them; null where the environment does not. */
  readonly via: string | null;
  readonly name: string | null;
  /** The system's own account that the hook ran as. */
  readonly uid: number | null;
}

/** A push certificate that was verified; its bytes lie in `signpolicy/certificates/<sha256>`. */
export interface RecordCertificate {
  readonly oid: ObjectId;
  readonly sha256: string;
  /** SHA-256 of what was signed: it cannot land again. */
  readonly signed: string;
  readonly principal: string;
  readonly key: Fingerprint;
}

/** A push of which the refs in the `landed` lines behind it moved. */
export interface RecordPush {
  readonly kind: "push";
  readonly at: string;
  readonly by: Pusher;
  /** Null: it was never judged, as when the hook was off. */
  readonly policy: PolicyOrigin | null;
  readonly certificate: RecordCertificate | null;
}

export interface RecordLanded {
  readonly kind: "landed";
  readonly at: string;
  readonly ref: RefName;
  readonly old: ObjectId | null;
  readonly new: ObjectId | null;
  /** Rules that passed it at error level. */
  readonly rules: readonly string[];
  /** The new value reaches the old one. */
  readonly forward: boolean;
  /** Codes of what was found and let through: warnings, exemptions. */
  readonly warned: readonly VerdictCode[];
  /** Who had it pass against the rules, why, and what for; absent where nobody had to. */
  readonly override?: RecordOverride;
}

export interface RecordOverride {
  readonly principal: string;
  readonly reason: string;
  readonly codes: readonly VerdictCode[];
}

export type RecordEntry =
  RecordBegin | RecordBound | RecordSegment | RecordBaseline | RecordMet | RecordPush | RecordLanded;

/** A place in the chain: the number of a line and the digest of its bytes. */
export interface RecordHead {
  readonly seq: number;
  readonly digest: string;
}

export type LinkedEntry = RecordEntry & { readonly seq: number; readonly prev: string | null };

/** The digest by which the next line names this one: SHA-256 of its bytes without the line end. */
export const digestLine = (line: Bytes): string => toHex(digestBytes("sha256", line));

/** Lines that follow `head`, or that begin a record. */
export function renderEntries(
  head: RecordHead | null,
  entries: readonly RecordEntry[],
): { readonly text: string; readonly head: RecordHead | null } {
  let last = head;
  const lines = entries.map((entry) => {
    const seq = last === null ? 0 : last.seq + 1;
    const line = JSON.stringify({ seq, prev: last?.digest ?? null, ...entry });
    last = { seq, digest: digestLine(Buffer.from(line)) };
    return `${line}\n`;
  });
  return { text: lines.join(""), head: last };
}

/** Null for what is no line of a record. */
export function parseEntry(line: string): LinkedEntry | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  return isEntry(value) ? value : null;
}

type Loose = Readonly<Record<string, unknown>>;

const isOid = (value: unknown): value is ObjectId => typeof value === "string" && isObjectId(value);
const isOidOrNull = (value: unknown): boolean => value === null || isOid(value);
const isText = (value: unknown): value is string => typeof value === "string";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const areTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText);
const areOids = (value: unknown): boolean => Array.isArray(value) && value.every(isOid);
const isObject = (value: unknown): value is Loose => typeof value === "object" && value !== null;
const isTips = (value: unknown): boolean => isObject(value) && Object.values(value).every(isOid);
const areTextsIfAny = (value: unknown): boolean => value === undefined || areTexts(value);
const isMark = (value: unknown): boolean => value === undefined || value === true;
const isPairs = (value: unknown): boolean =>
  Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isText));

const SHAPES: ReadonlyMap<unknown, (entry: Loose) => boolean> = new Map([
  ["begin", ({ v, id, roots }: Loose) => v === 2 && isText(id) && areOids(roots)],
  ["bound", ({ roots }: Loose) => areOids(roots)],
  ["segment", ({ id, number, state }: Loose) => isText(id) && isCount(number) && isState(state)],
  ["baseline", ({ lost, refs }: Loose) => (lost === null || isCount(lost)) && isTips(refs)],
  [
    "met",
    ({ rule, refs, scope, tips, paths, signers, anew }: Loose) =>
      isText(rule) &&
      areTexts(refs) &&
      (scope === "rule" || scope === "ref") &&
      isTips(tips) &&
      isMark(paths) &&
      isMark(anew) &&
      areTextsIfAny(signers),
  ],
  ["push", ({ by, policy, certificate }: Loose) => isObject(by) && isObjectOrNull(policy) && isCertified(certificate)],
  [
    "landed",
    ({ ref, old, new: to, rules, forward, warned, override }: Loose) =>
      isText(ref) &&
      isOidOrNull(old) &&
      isOidOrNull(to) &&
      areTexts(rules) &&
      typeof forward === "boolean" &&
      areTexts(warned) &&
      (override === undefined || isOverride(override)),
  ],
]);

function isEntry(value: unknown): value is LinkedEntry {
  if (!isObject(value)) return false;
  const { seq, prev, at, kind } = value;
  return isCount(seq) && (prev === null || isText(prev)) && isText(at) && SHAPES.get(kind)?.(value) === true;
}

const isObjectOrNull = (value: unknown): boolean => value === null || isObject(value);

const isCertified = (value: unknown): boolean =>
  value === null || (isObject(value) && isOid(value["oid"]) && isText(value["sha256"]) && isText(value["signed"]));

const isOverride = (value: unknown): boolean =>
  isObject(value) && isText(value["principal"]) && isText(value["reason"]) && areTexts(value["codes"]);

function isState(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { roots, certificates, refs, stood, rules } = value;
  return (
    areOids(roots) &&
    isPairs(certificates) &&
    Array.isArray(refs) &&
    refs.every((ref) => Array.isArray(ref) && isText(ref[0]) && isOid(ref[1]) && isOidOrNull(ref[2])) &&
    isPairs(stood) &&
    Array.isArray(rules) &&
    rules.every(
      (rule) =>
        isObject(rule) &&
        isText(rule["name"]) &&
        areTexts(rule["refs"]) &&
        areOids(rule["shared"]) &&
        isMark(rule["paths"]) &&
        areTextsIfAny(rule["signers"]) &&
        isPairs(rule["own"]),
    )
  );
}

import type { PolicyOrigin, Seconds, SignatureFormat, SubjectKind, Summary, VerdictCode } from "../../model.ts";
import type { Cause } from "../causes.ts";

/** `unverified`: there is a signature, and it proves nothing. */
export type Standing = "signed" | "unverified" | "unsigned";

/** One subject as the page tells of it. Texts are as they stand in the repository: hostile, latin-1. */
export interface AuditRow {
  readonly kind: SubjectKind;
  readonly oid: string | null;
  readonly ref: string | null;
  /** The committer's or tagger's own word. */
  readonly at: Seconds | null;
  readonly title: string;
  readonly author: string;
  readonly committer: string;
  readonly principal: string | null;
  readonly format: SignatureFormat | null;
  readonly standing: Standing;
  readonly verdict: "allowed" | "exempt" | "denied";
  readonly code: VerdictCode | null;
  readonly message: string;
}

export type KeyState = "good" | "ending" | "ended" | "retired" | "compromised" | "unusable";

export interface AuditKey {
  readonly principal: string;
  readonly role: string;
  readonly format: string;
  readonly algorithm: string;
  readonly fingerprint: string;
  /** Null where neither the policy nor the key says. */
  readonly from: Seconds | null;
  readonly until: Seconds | null;
  readonly state: KeyState;
  /** Why it cannot sign today, in words; empty where it can. */
  readonly why: string;
}

export interface AuditExemption {
  readonly oid: string;
  /** With everything that it reaches. */
  readonly ancestors: boolean;
  readonly reason: string;
  readonly until: Seconds | null;
  readonly codes: readonly string[];
}

export interface AuditFacts {
  readonly version: string;
  readonly policy: PolicyOrigin | null;
  readonly notes: readonly string[];
  /** What was judged, as it was named. */
  readonly targets: readonly string[];
  readonly now: Seconds;
  readonly summary: Summary;
  readonly rows: readonly AuditRow[];
  /** Judged, counted and in the charts, but not in the table. */
  readonly omitted: number;
  readonly points: readonly AuditPoint[];
  /** Of denials alone. */
  readonly causes: readonly Cause[];
  readonly keys: readonly AuditKey[];
  readonly exemptions: readonly AuditExemption[];
}

/** A commit in the charts; each counts once, whatever it was judged for. */
export type AuditPoint = Pick<AuditRow, "at" | "standing" | "principal" | "format">;

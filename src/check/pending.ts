/** The verdict that `pre-receive` leaves for the `post-receive` of the same push, which alone knows what landed. */
import type { ObjectId, PolicyOrigin, RefName, VerdictCode } from "../model.ts";
import type { UpdateVerdict } from "./push.ts";
import type { RecordCertificate, RecordMet } from "./record-entries.ts";

export interface PendingPush {
  readonly policy: PolicyOrigin;
  readonly met: readonly RecordMet[];
  readonly updates: readonly PendingUpdate[];
  readonly signed: KeptCertificate | null;
}

/** A push certificate that stands, and its bytes in base64. */
export interface KeptCertificate {
  readonly certificate: RecordCertificate;
  readonly bytes: string;
}

export interface PendingUpdate {
  readonly ref: RefName;
  readonly old: ObjectId | null;
  readonly new: ObjectId | null;
  readonly rules: readonly string[];
  readonly forward: boolean;
  readonly symbolic: RefName | null;
  readonly warned: readonly VerdictCode[];
}

export function renderPending(
  policy: PolicyOrigin,
  met: readonly RecordMet[],
  verdicts: readonly UpdateVerdict[],
  signed: KeptCertificate | null,
): string {
  const updates = verdicts.map(({ update, rules, forward, symbolic, warned }) => {
    return { ...update, rules, forward, symbolic, warned };
  });
  return JSON.stringify({ policy, met, updates, signed } satisfies PendingPush);
}

/** Null for a file that was cut off; what it would have said is judged again. */
export function parsePending(text: string): PendingPush | null {
  try {
    const value = JSON.parse(text) as Partial<PendingPush> | null;
    const whole = typeof value?.policy === "object" && Array.isArray(value.met) && Array.isArray(value.updates);
    return whole ? (value as PendingPush) : null;
  } catch {
    return null;
  }
}

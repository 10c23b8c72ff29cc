/** The verdict that `pre-receive` leaves for the `post-receive` of the same push, which alone knows what landed. */
import type { ObjectId, PolicyOrigin, RefName, VerdictCode } from "../model.ts";
import type { Override } from "../policy/override.ts";
import type { UpdateVerdict } from "./push.ts";
import type { RecordCertificate, RecordMet, RecordOverride } from "./record-entries.ts";

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
  readonly override: RecordOverride | null;
}

export function renderPending(
  policy: PolicyOrigin,
  met: readonly RecordMet[],
  verdicts: readonly UpdateVerdict[],
  { kept, override }: { readonly kept: KeptCertificate | null; readonly override: Override | null },
): string {
  const updates = verdicts.map(({ update, rules, forward, symbolic, warned, lifted }) => {
    const { principal = "", reason = "" } = override ?? {};
    const by = lifted.length === 0 ? null : { principal, reason, codes: lifted };
    return { ...update, rules, forward, symbolic, warned, override: by };
  });
  return JSON.stringify({ policy, met, updates, signed: kept } satisfies PendingPush);
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

import type { ObjectId, RefName } from "../model.ts";

/** Something that a developer should look at. None of them is a verdict. */
export type WatchCode =
  | "dated-before-parent"
  | "exemption-lapses"
  | "foreign-commit"
  | "identity-new-key"
  | "key-after-silence"
  | "key-first-used"
  | "key-lapses"
  | "memory-unreadable"
  | "policy-went-back"
  | "remote-unverified"
  | "remote-went-back"
  | "remote-withholds";

export interface WatchFinding {
  readonly code: WatchCode;
  /** Bytes as latin-1 text; hostile, escape before showing. */
  readonly message: string;
  readonly hint?: string;
  readonly oid?: ObjectId;
  readonly ref?: RefName;
  readonly key?: string;
  readonly principal?: string;
}

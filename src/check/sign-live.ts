/** Makes a real signature with the program and key that git is set up to use, over a nonce and no commit, and verifies it. */
import { randomBytes } from "node:crypto";
import type { CommitContext } from "../io/commit-context.ts";
import type { Evidence, Seconds } from "../model.ts";
import type { Anchors } from "../signature/anchors.ts";
import { verifySigned } from "../signature/verify.ts";
import { classifySignerFailure } from "./signer-failure.ts";
import type { SignerFailure } from "./signer-failure.ts";
import { signPayload } from "./signer.ts";
import type { SigningKey } from "./signing-key.ts";

export type LiveResult =
  | { readonly evidence: Evidence; readonly failure: null }
  | { readonly evidence: null; readonly failure: SignerFailure };

const TIMEOUT_MS = 20_000;

export interface LiveOptions {
  readonly context: CommitContext;
  readonly key: SigningKey;
  readonly top: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly anchors: Anchors;
  readonly now: Seconds;
}

/** Null where git is not set up to sign at all. */
export async function signLive(options: LiveOptions): Promise<LiveResult | null> {
  const { key } = options;
  if (key.kind === "none") return null;
  const payload = Buffer.from(`signpolicy doctor ${randomBytes(16).toString("hex")}\n`);
  const made = await signPayload({ ...options, key, timeoutMs: TIMEOUT_MS }, payload);
  if (made.bytes === null) return { evidence: null, failure: classifySignerFailure(made.run) };
  const signed = { payload, signatures: [{ format: key.kind, bytes: made.bytes }] };
  const times = { now: options.now, claimed: options.now, receivedAt: null };
  const [evidence] = await verifySigned(signed, options.anchors, times);
  return { evidence, failure: null };
}

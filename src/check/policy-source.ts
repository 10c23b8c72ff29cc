import { PolicyError } from "../errors.ts";
import type { Bytes, PolicyOrigin } from "../model.ts";
import type { KeyEntry, Policy } from "../policy/policy.ts";
import type { AnchorEntry, Anchors } from "../signature/anchors.ts";

/**
 * Where a policy is read from: a folder of files, or a commit's tree in the object store. Both sides obey the same
 * rules: one place in a tree, plain files only, key files beside the policy.
 */
export interface PolicySource {
  /** An administrator's file, which lies outside what it judges: it alone may name a trust root. */
  readonly administrators?: true;
  /** As the report names it: `file:PATH` or `ref:REFNAME:PATH`; known once the policy was read. */
  label(file: string): string;
  /**
   * The policy file. `file` is its path for messages and, in a tree, relative to the tree's top (`.config/signpolicyrc`);
   * `member` is the key of package.json that holds the policy.
   *
   * @param isKnown - whether bytes that were found have been read as a policy before
   * @throws PolicyError ERR_POLICY_MISSING where there is none, ERR_POLICY_UNREADABLE, ERR_POLICY_INVALID (two places)
   */
  readPolicy(
    isKnown?: (bytes: Bytes) => boolean,
  ): Promise<{ readonly bytes: Bytes; readonly file: string; readonly member?: "signpolicy" }>;
  /**
   * A key file by its path relative to the policy file's folder.
   *
   * @throws PolicyError ERR_POLICY_UNREADABLE
   */
  readKey(path: string): Bytes | Promise<Bytes>;
}

/** A key of the policy and what was read of it. */
export interface LoadedKey {
  readonly principal: string;
  readonly entry: KeyEntry;
  readonly anchor: AnchorEntry;
  /** As the policy or its file holds it. */
  readonly bytes: Bytes;
}

/** Whether it may be said of the key that it fell into other hands; for most policies that of none is said. */
export const mayBeMarked = ({ entry, anchor }: LoadedKey): boolean =>
  entry.window.compromised !== undefined || (anchor.kind === "openpgp" && anchor.certificate.revocations.length > 0);

/** A policy ready to judge: parsed, its keys parsed, nothing missing. */
export interface LoadedPolicy {
  readonly policy: Policy;
  readonly anchors: Anchors;
  /** The digest of what stands there now, read again from the same source. */
  readonly digestNow: () => Promise<string>;
  /** In the order of the policy. */
  readonly keys: readonly LoadedKey[];
  /** A digest of what the policy and its key files hold; in package.json whatever stands beside the policy is none of it. */
  readonly content: string;
  readonly origin: PolicyOrigin;
  /** The policy file and the key files it names, relative to the top of the tree it was read from. */
  readonly files: readonly string[];
}

/** Whether its files still hold what was read from them; of a policy in a ref's tree always, for a tree does not change. */
export async function isAsRead({ origin, digestNow }: LoadedPolicy): Promise<boolean> {
  if (!origin.source.startsWith("file:")) return true;
  try {
    return (await digestNow()) === origin.digest;
  } catch (error) {
    if (error instanceof PolicyError) return false;
    throw error;
  }
}

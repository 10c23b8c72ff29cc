import type { AlgorithmPolicy } from "../model.ts";
import { OpenPgpAnchors } from "./openpgp/anchors.ts";
import type { OpenPgpEntry } from "./openpgp/anchors.ts";
import { SshAnchors } from "./ssh/anchors.ts";
import type { SshCaEntry, SshKeyEntry } from "./ssh/anchors.ts";

/** One key of the policy: whose it is, and the policy's own limits on it. */
export type AnchorEntry = OpenPgpEntry | SshKeyEntry | SshCaEntry;

/** Every key a policy trusts, ready to be looked up. Made by `createAnchors`. */
export interface Anchors {
  readonly size: number;
  readonly algorithms: AlgorithmPolicy;
  readonly openpgp: OpenPgpAnchors;
  readonly ssh: SshAnchors;
}

/** Indexes the keys of a policy. No cryptography happens before a signature needs a key. */
export function createAnchors(entries: readonly AnchorEntry[], algorithms: AlgorithmPolicy): Anchors {
  return {
    size: entries.length,
    algorithms,
    openpgp: new OpenPgpAnchors(entries.filter((entry) => entry.kind === "openpgp")),
    ssh: new SshAnchors(entries.filter((entry) => entry.kind !== "openpgp")),
  };
}

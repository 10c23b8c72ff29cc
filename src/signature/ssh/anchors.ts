/** The policy's SSH keys and CAs, found by the bytes of the key and by nothing else. */
import { latin1 } from "../../encoding/bytes.ts";
import type { AlgorithmPolicy, Bytes, KeyWindow } from "../../model.ts";
import type { SshPublicKey } from "./key.ts";

interface Entry {
  readonly key: SshPublicKey;
  readonly principal: string;
  readonly window: KeyWindow;
  readonly namespaces: readonly string[];
}

export interface SshKeyEntry extends Entry {
  readonly kind: "ssh";
}

export interface SshCaEntry extends Entry {
  readonly kind: "sshCa";
  /** Names of which a certificate must carry one, bytes as latin-1 text. */
  readonly principals: readonly string[];
}

/** What SSH verification needs of a policy. */
export interface SshTrust {
  readonly algorithms: AlgorithmPolicy;
  readonly ssh: SshAnchors;
}

/**
 * Plain keys and CAs are separate tables: a CA's own signature is nobody's commit, and a certificate never stands in for
 * the plain key that it certifies.
 */
export class SshAnchors {
  readonly #keys = new Map<string, SshKeyEntry[]>();
  readonly #authorities = new Map<string, SshCaEntry[]>();

  constructor(entries: readonly (SshKeyEntry | SshCaEntry)[]) {
    for (const entry of entries) {
      if (entry.kind === "ssh") append(this.#keys, entry);
      else append(this.#authorities, entry);
    }
  }

  keys(blob: Bytes): readonly SshKeyEntry[] {
    return this.#keys.get(latin1(blob)) ?? [];
  }

  authorities(blob: Bytes): readonly SshCaEntry[] {
    return this.#authorities.get(latin1(blob)) ?? [];
  }

  /**
   * What the policy says against a key wherever it lists it, as key or as CA: revocation wins over any other entry of
   * the same key, and over a certificate for it.
   */
  marks(blob: Bytes): KeyWindow {
    const windows = [...this.keys(blob), ...this.authorities(blob)].map(({ window }) => window);
    const retired = windows.flatMap((window) => window.retired ?? []);
    const compromised = windows.flatMap((window) => window.compromised ?? []);
    return {
      ...(retired.length > 0 && { retired: Math.min(...retired) }),
      ...(compromised.length > 0 && {
        compromised: compromised.includes(true) ? true : Math.min(...compromised.map(Number)),
      }),
    };
  }
}

function append<E extends Entry>(table: Map<string, E[]>, entry: E): void {
  const id = latin1(entry.key.blob);
  const known = table.get(id);
  if (known === undefined) table.set(id, [entry]);
  else known.push(entry);
}

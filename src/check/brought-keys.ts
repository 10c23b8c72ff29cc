import type { Evidence } from "../model.ts";
import { fingerprintOf } from "./key-select.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

/** Whose key it is, which, and what it can do: another principal's, or as a CA, the same key is another one to bring in. */
export const keyIdOf = (key: LoadedKey): string => `${ownerId(key.principal, fingerprintOf(key))} ${key.entry.format}`;

const ownerId = (principal: string, fingerprint: string): string => `${principal} ${fingerprint}`;

/** Of a verified signature: whose key made it, of a certificate the CA's. */
export const signerIdOf = ({ signer }: Extract<Evidence, { outcome: "verified" }>): string =>
  ownerId(signer.principal, signer.key.primary);

/** What one change of the policy says of keys. */
export interface KeyStatement {
  /** Who signed it, as `signerIdOf` says; null where nothing tells. */
  readonly by: string | null;
  /** By its fingerprint. */
  readonly key: string | null;
  /** Whether the signature stands: by no key that was in other hands by then, as far as anything shows. */
  readonly stands: boolean;
  /** It is the first policy of a history: nobody could have brought in before who signed it. */
  readonly first: boolean;
  /** Keys, by `keyIdOf`, that no policy before it held. */
  readonly brings: readonly string[];
  /** Keys that it confirms, or takes over from one side of a merge. */
  readonly vouches: readonly string[];
}

/** Keys, by `keyIdOf`, that count for nothing, with the fingerprint of the compromised or fallen one that brought each in. */
export type FallenKeys = ReadonlyMap<string, string>;

export const NO_FALLEN: FallenKeys = new Map();

/**
 * Keys that none but compromised keys, and keys that these brought in, ever stated: they fall with those. One that was there
 * from the beginning, that somebody else brought in as well, or that somebody else confirmed stands; keys that vouch for each
 * other alone do not.
 */
export function fallenKeys(statements: readonly KeyStatement[]): FallenKeys {
  const brought = new Map<string, string>();
  for (const { brings, key } of statements) {
    for (const id of brings) if (key !== null && !brought.has(id)) brought.set(id, key);
  }
  const open = new Set(statements.flatMap(({ brings, first, stands }) => (first && stands ? [] : brings)));
  let before: number;
  do {
    before = open.size;
    const doubtful = [...open];
    for (const { by, stands, brings, vouches } of statements) {
      if (!stands || (by !== null && doubtful.some((id) => id.startsWith(`${by} `)))) continue;
      for (const id of [...brings, ...vouches]) open.delete(id);
    }
  } while (open.size < before);
  return new Map([...open].map((id) => [id, brought.get(id) ?? ""]));
}

/** What a policy says of keys that none of those before it did; before the first one there is none. */
export function keysStated(
  after: LoadedPolicy,
  judges: readonly (LoadedPolicy | null)[],
): Pick<KeyStatement, "brings" | "vouches" | "first"> {
  const before = judges.map((judge) => new Map(judge?.keys.map((key) => [keyIdOf(key), key])));
  const brings: string[] = [];
  const vouches: string[] = [];
  for (const key of after.keys) {
    const id = keyIdOf(key);
    const known = before.flatMap((keys) => keys.get(id) ?? []);
    if (known.length === 0) brings.push(id);
    else if (known.length < before.length || isConfirmed(key, known)) vouches.push(id);
  }
  return { brings, vouches, first: judges.every((judge) => judge === null) };
}

const isConfirmed = ({ entry: { confirmed } }: LoadedKey, before: readonly LoadedKey[]): boolean =>
  confirmed !== null && before.every(({ entry }) => entry.confirmed !== confirmed);

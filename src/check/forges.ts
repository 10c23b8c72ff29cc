/** Signers of forges' web interfaces: real keys with their windows, shipped as data (config/forges). */
import github from "../../config/forges/github.json" with { type: "json" };
import gitlab from "../../config/forges/gitlab.json" with { type: "json" };
import { SignpolicyError, UsageError } from "../errors.ts";
import { fetchBytes } from "../io/http.ts";
import type { OfferedKey } from "./key-list.ts";
import { readKeyList } from "./key-list.ts";

interface ForgeKey {
  readonly fingerprint: string;
  readonly from?: string;
  readonly until?: string;
  readonly openpgp?: string;
  readonly ssh?: string;
}

export interface Forge {
  readonly name: string;
  readonly emails: readonly string[];
  /** Where the forge itself publishes the keys. */
  readonly source: string;
  readonly keys: readonly ForgeKey[];
}

const FORGES: ReadonlyMap<string, Forge> = new Map<string, Forge>([
  ["github", github],
  ["gitlab", gitlab],
]);

/** Every key that is shipped, and whose it is. */
export const FORGE_SIGNERS = [...FORGES].flatMap(([forge, { keys }]) =>
  keys.map(({ fingerprint }) => ({ forge, fingerprint })),
);

/** @throws UsageError for a forge that we ship no keys of */
export function findForge(name: string): Forge {
  const forge = FORGES.get(name);
  if (forge !== undefined) return forge;
  throw new UsageError(`no keys of the forge '${name}' are shipped`, {
    hint: `forges are ${[...FORGES.keys()].join(" and ")}; for another: signpolicy keys add https://HOST/PATH-OF-ITS-KEY --role forge --principal NAME --email ADDRESS`,
  });
}

/**
 * The keys of a forge, each with its window. With `address` as that address gives them now, an extended expiry
 * included; what has another fingerprint than the shipped data is not taken.
 *
 * @throws SignpolicyError ERR_IO when the address gives none of them
 */
export async function forgeKeys(forge: Forge, address?: string): Promise<readonly OfferedKey[]> {
  const shipped = forge.keys.flatMap((key) => readKeyList(Buffer.from(key.openpgp ?? key.ssh ?? "")));
  const offered = address === undefined ? shipped : readKeyList((await fetchBytes(address)) ?? new Uint8Array());
  const known = offered.flatMap((key): readonly OfferedKey[] => {
    const entry = forge.keys.find(({ fingerprint }) => fingerprint === key.fingerprint);
    if (entry === undefined) return [];
    const { from, until } = entry;
    const limits = { ...(from === undefined ? {} : { from }), ...(until === undefined ? {} : { until }) };
    return [{ ...key, emails: forge.emails, name: forge.name, comment: "", limits }];
  });
  if (known.length > 0) return known;
  throw new SignpolicyError(
    "ERR_IO",
    `${address ?? forge.source} gives no key with a fingerprint that is known of ${forge.name}`,
    {
      hint: `known are ${forge.keys.map(({ fingerprint }) => fingerprint).join(", ")}`,
    },
  );
}

/** gpg's own listing of secret keys (doc/DETAILS of GnuPG, "Format of the colon listings"), and what it signs with. */

export interface SecretKey {
  /** Of the primary key. */
  readonly fingerprint: string;
  /** Latin-1 text of their bytes. */
  readonly userIds: readonly string[];
  /** gpg signs with some part of it today. */
  readonly usable: boolean;
  /** Of every part. */
  readonly parts: readonly string[];
  /** Parts that sign today and whose private half is there; the one that gpg takes unless `!` names another comes first. */
  readonly signing: readonly string[];
}

/** Keys in gpg's order; those whose fingerprint is not told are left out. */
export function readSecretKeys(listing: string): readonly SecretKey[] {
  return `\n${listing}`
    .split(/\n(?=sec:)/)
    .map((block) => block.split("\n").map((line) => line.split(":")))
    .flatMap((records) => {
      const key = readSecretKey(records);
      return key === null ? [] : [key];
    });
}

type Records = readonly (readonly string[])[];

function readSecretKey(records: Records): SecretKey | null {
  const [first] = records;
  if (first?.[0] !== "sec") return null;
  const found = partsOf(records);
  const [primary] = found;
  if (primary === undefined) return null;
  // Field 12 holds the capabilities, capitals for the key as a whole.
  const usable = !isOver(first) && (first[11] ?? "").includes("S");
  const [own, ...subkeys] = found;
  // getkey.c of GnuPG, finish_lookup: the newest subkey that can, the first of several as new; the primary key where none can.
  const order = [...subkeys.sort((a, b) => b.created - a.created), ...(own === undefined ? [] : [own])];
  return {
    fingerprint: primary.fingerprint,
    userIds: records.filter(([type]) => type === "uid").map((fields) => fields[9] ?? ""),
    usable,
    parts: found.map(({ fingerprint }) => fingerprint),
    signing: usable ? order.filter(({ signs }) => signs).map(({ fingerprint }) => fingerprint) : [],
  };
}

interface Part {
  readonly fingerprint: string;
  readonly created: number;
  readonly signs: boolean;
}

/** The primary key first; each `fpr` record belongs to the key above it. */
function partsOf(records: Records): readonly Part[] {
  const parts: Part[] = [];
  let above: readonly string[] | null = null;
  for (const fields of records) {
    const [type] = fields;
    if (type === "sec" || type === "ssb") above = fields;
    const fingerprint = fields[9] ?? "";
    if (type !== "fpr" || above === null || !/^(?:[0-9A-F]{40}|[0-9A-F]{64})$/.test(fingerprint)) continue;
    // Field 15 is `#` where the private half is missing.
    const signs = !isOver(above) && (above[11] ?? "").includes("s") && !(above[14] ?? "").startsWith("#");
    parts.push({ fingerprint, created: Number(above[5] ?? ""), signs });
    above = null;
  }
  return parts;
}

/** Field 2: invalid, disabled, revoked, expired, not valid. */
const isOver = (fields: readonly string[]): boolean => /[idren]/.test(fields[1] ?? "");

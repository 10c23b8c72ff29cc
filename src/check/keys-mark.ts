/** `keys retire`, `keys revoke`, `keys renew`: changes to a key that the policy holds. */
import { resolve } from "node:path";
import { formatTime } from "../encoding/time.ts";
import { SignpolicyError, UsageError } from "../errors.ts";
import type { Bytes, Seconds } from "../model.ts";
import type { Edit } from "../policy/edit-document.ts";
import { readCertificate } from "../signature/openpgp/certificate.ts";
import type { OpenPgpCertificate } from "../signature/openpgp/certificate.ts";
import { earlier } from "./key-marks.ts";
import { fingerprintOf, pathOf, selectKey } from "./key-select.ts";
import { problemAt } from "./key-standing.ts";
import { findGpg, fromKeyring, readKeySource } from "./key-sources.ts";
import type { LoadedKey } from "./policy-source.ts";
import { changePolicy, openPolicy } from "./policy-edit.ts";
import type { EditablePolicy, PolicyChange, PolicyFileChoice } from "./policy-edit.ts";

interface MarkOptions extends PolicyFileChoice {
  /** Which key: see `selectKey`. */
  readonly key: string;
  readonly now: Seconds;
}

export interface MarkedKey extends PolicyChange {
  readonly principal: string;
  readonly fingerprint: string;
}

/** Nothing new from it; what it signed before `at` stays good. */
export async function retireKey(options: MarkOptions, at: Seconds): Promise<MarkedKey> {
  const editable = await openPolicy(options);
  const key = selectKey(editable.loaded, options.key);
  refuseCompromised(key);
  return mark(editable, key, [setField(editable, key, "retired", formatTime(at))], new Map(), options);
}

/** Somebody who holds the right says that it is sound: it then stands although a compromised key brought it in. */
export async function confirmKey(options: MarkOptions): Promise<MarkedKey> {
  const editable = await openPolicy(options);
  const key = selectKey(editable.loaded, options.key);
  refuseCompromised(key);
  return mark(editable, key, [setField(editable, key, "confirmed", formatTime(options.now))], new Map(), options);
}

export interface RevokedKey extends MarkedKey {
  /** Commits and tags here that the mark denies; null where nobody could look. */
  readonly fallen: number | null;
  /** Keys of the policy that fall with it. */
  readonly brought: readonly string[];
}

/** It is in other hands: `since` keeps what a receive record shows received before, `true` keeps nothing. */
export async function revokeKey(options: MarkOptions, since: Seconds | true): Promise<RevokedKey> {
  const editable = await openPolicy(options);
  const key = selectKey(editable.loaded, options.key);
  const { compromised } = key.entry.window;
  if (compromised === true && since !== true) {
    throw new UsageError(
      `${fingerprintOf(key)} is compromised from the beginning, and --since would forgive some of it`,
      {
        hint: "whoever may loosen the policy edits the line by hand",
      },
    );
  }
  const value =
    since === true ? true : formatTime(typeof compromised === "number" ? Math.min(compromised, since) : since);
  // Before the file is written: it may be what governs here.
  const fall = await whatFalls(options, fingerprintOf(key), since);
  return {
    ...(await mark(editable, key, [setField(editable, key, "compromised", value)], new Map(), options)),
    ...fall,
  };
}

export interface RevokedList extends PolicyChange {
  readonly marked: readonly { readonly principal: string; readonly fingerprint: string }[];
  /** Keys of the list that the policy marks already. */
  readonly known: readonly string[];
  /** What of the list the policy has no room for, in words. */
  readonly left: readonly string[];
}

/** Every key of the policy that a revocation list of OpenSSH's names, in one change. */
export async function revokeListed(
  options: Omit<MarkOptions, "key"> & { readonly list: string },
  since: Seconds | true,
): Promise<RevokedList> {
  const [editable, { listedKeys, leftOf }] = await Promise.all([openPolicy(options), import("./revocation-list.ts")]);
  const { list, listed } = await listedKeys(editable.loaded, resolve(options.directory, options.list));
  const isMarked = ({ entry: { window } }: LoadedKey): boolean =>
    earlier(window.compromised ?? null, since) === window.compromised;
  const fresh = listed.filter((key) => !isMarked(key));
  const told = {
    marked: fresh.map((key) => ({ principal: key.principal, fingerprint: fingerprintOf(key) })),
    known: listed.filter(isMarked).map(fingerprintOf),
    left: leftOf(list, editable.loaded),
  };
  if (fresh.length === 0) return { ...told, written: [], warnings: [], serial: editable.loaded.policy.serial };
  const value = since === true ? true : formatTime(since);
  const edits = fresh.map((key) => setField(editable, key, "compromised", value));
  return { ...(await changePolicy(editable, edits, new Map(), options)), ...told };
}

/** A file that lies in no repository marks keys, too, and there is nothing to look at. */
async function whatFalls(
  { directory, environment, policy, now }: MarkOptions,
  key: string,
  at: Seconds | true,
): Promise<Pick<RevokedKey, "fallen" | "brought">> {
  try {
    const { blastOf } = await import("./keys-blast.ts");
    const { commits, tags, alsoFall, broughtIn } = await blastOf({ directory, environment, policy, key, at, now });
    const fallen = [...commits, ...tags, ...alsoFall].filter(({ falls }) => falls).length;
    return { fallen, brought: broughtIn.flatMap(({ fingerprint, falls }) => (falls ? [fingerprint] : [])) };
  } catch (error) {
    if (!(error instanceof SignpolicyError)) throw error;
    return { fallen: null, brought: [] };
  }
}

export interface RenewOptions extends MarkOptions {
  /** Where the newer certificate comes from, as for `keys add`; gpg's keyring unless given. */
  readonly source?: string | undefined;
  readonly until?: Seconds | undefined;
}

/**
 * Puts a newer copy of the same certificate in the place of the old one (an extended expiry, a new subkey, a revocation),
 * or moves the policy's own `until`. A copy that has lost a key or a revocation is refused: old signatures, and old
 * refusals, must stay what they were.
 */
export async function renewKey(options: RenewOptions): Promise<MarkedKey> {
  const editable = await openPolicy(options);
  const key = selectKey(editable.loaded, options.key);
  refuseCompromised(key);
  const { until } = options;
  const edits = until === undefined ? [] : [setField(editable, key, "until", formatTime(until))];
  if (key.anchor.kind !== "openpgp") {
    if (until !== undefined && options.source === undefined) return mark(editable, key, edits, new Map(), options);
    throw new UsageError("an SSH key has no expiry of its own that could be renewed", {
      hint: "signpolicy keys renew KEY --until TIME, or signpolicy keys add the new key",
    });
  }
  const files = new Map<string, Bytes>();
  if (options.source !== undefined || until === undefined) {
    const text = await newerCopy(key.anchor.certificate, options);
    if (key.entry.source.kind === "file") files.set(key.entry.source.path, Buffer.from(text));
    else edits.push(setField(editable, key, "openpgp", text));
  }
  return mark(editable, key, edits, files, options);
}

async function newerCopy(old: OpenPgpCertificate, options: RenewOptions): Promise<string> {
  const { source } = options;
  const offered =
    source === undefined
      ? await fromKeyring(old.fingerprint, await findGpg(options))
      : (await readKeySource(source, options)).keys;
  const found = offered.find(({ fingerprint }) => fingerprint === old.fingerprint);
  if (found === undefined) {
    throw new UsageError(`${source ?? "gpg's keyring"} does not hold ${old.fingerprint}`, {
      hint: `import it, or name a file that does: signpolicy keys renew ${old.fingerprint} FILE`,
    });
  }
  const fresh = readCertificate(Buffer.from(found.text));
  const has = new Set(fresh.keys.map(({ fingerprint }) => fingerprint));
  const lost = old.keys.filter(({ fingerprint }) => !has.has(fingerprint));
  if (lost.length > 0) {
    const names = lost.map(({ fingerprint }) => fingerprint).join(", ");
    throw new UsageError(
      `that copy lacks ${names}, which the policy's own copy has: commits signed by it would no longer verify`,
      {
        hint: `gpg --import the policy's copy first, then signpolicy keys renew ${old.fingerprint}`,
      },
    );
  }
  const revocations = new Set(fresh.revocations.map(({ body }) => Buffer.from(body).toString("hex")));
  if (old.revocations.some(({ body }) => !revocations.has(Buffer.from(body).toString("hex")))) {
    throw new UsageError("that copy lacks a revocation that the policy's own copy has", {
      hint: `gpg --import the policy's copy first, then signpolicy keys renew ${old.fingerprint}`,
    });
  }
  return found.text;
}

function refuseCompromised(key: LoadedKey): void {
  if (key.entry.window.compromised === undefined) return;
  throw new UsageError(`${fingerprintOf(key)} is marked as compromised, which is more than any other mark`);
}

const setField = ({ loaded }: EditablePolicy, key: LoadedKey, field: string, value: string | true): Edit => ({
  kind: "set",
  path: [...pathOf(loaded, key), field],
  value,
});

async function mark(
  editable: EditablePolicy,
  key: LoadedKey,
  edits: readonly Edit[],
  files: ReadonlyMap<string, Bytes>,
  options: MarkOptions,
): Promise<MarkedKey> {
  const change = await changePolicy(editable, edits, files, options);
  const left = edits.some(({ path }) => path.at(-1) === "retired" || path.at(-1) === "compromised")
    ? await lastKeyWarning(editable, key, options.now)
    : [];
  // That a key put out of use cannot sign is what was asked for.
  const isEnd = edits.some(({ path }) => ["retired", "compromised"].includes(String(path.at(-1))));
  const warnings = change.warnings.filter((warning) => !isEnd || !warning.startsWith(`${key.entry.place.path},`));
  return { ...change, warnings: [...left, ...warnings], principal: key.principal, fingerprint: fingerprintOf(key) };
}

/** Who is to go on signing needs the next key before the last one goes: with it nobody signs the change that brings it. */
async function lastKeyWarning(
  { loaded: { keys, policy } }: EditablePolicy,
  { principal, anchor }: LoadedKey,
  now: Seconds,
): Promise<readonly string[]> {
  for (const key of keys) {
    if (key.principal !== principal || key.anchor === anchor) continue;
    if ((await problemAt(key, policy.algorithms, now)) === null) return [];
  }
  return [
    `${principal} has no other key that can sign; unless they have left, add one first: ` +
      `signpolicy keys add SOURCE --principal ${principal}`,
  ];
}

/** `keys add`: puts keys of a source into the policy, for a principal that is there or a new one. */
import { UsageError } from "../errors.ts";
import type { Bytes, Seconds } from "../model.ts";
import type { Edit } from "../policy/edit-document.ts";
import { ownerOf } from "../policy/emails.ts";
import { NAME } from "../policy/fields.ts";
import type { Role } from "../policy/policy.ts";
import type { OfferedKey } from "./key-list.ts";
import { fingerprintOf } from "./key-select.ts";
import { readKeySource } from "./key-sources.ts";
import type { OfferedKeys } from "./key-sources.ts";
import { changePolicy, freeKeyFile, openPolicy } from "./policy-edit.ts";
import type { EditablePolicy, PolicyChange, PolicyFileChoice } from "./policy-edit.ts";

export interface AddKeysOptions extends PolicyFileChoice {
  readonly source: string;
  readonly principal?: string | undefined;
  readonly emails: readonly string[];
  readonly name?: string | undefined;
  readonly role?: Role | undefined;
  readonly owner?: string | undefined;
  readonly from?: Seconds | undefined;
  readonly until?: Seconds | undefined;
  /** Fingerprints to take of a source that has several. */
  readonly only: readonly string[];
  readonly all: boolean;
  /** The key is a CA's. */
  readonly ca: boolean;
  readonly url?: string | undefined;
  /** Have the key sign whose it is; what signs, or `true` for what the source says. */
  readonly prove?: string | true | undefined;
  readonly now: Seconds;
}

export interface AddedKeys extends PolicyChange {
  readonly added: readonly { readonly principal: string; readonly format: string; readonly fingerprint: string }[];
  /** Fingerprints that the policy had already. */
  readonly known: readonly string[];
  /** Principals that were made, with the e-mails that now belong to them, and the rules that take no commit of theirs. */
  readonly made: readonly {
    readonly principal: string;
    readonly emails: readonly string[];
    readonly role: Role;
    readonly refusedBy: readonly string[];
  }[];
}

/** @throws UsageError, KeyError, PolicyError, GitError, SignpolicyError ERR_IO; nothing was written then */
export async function addKeys(options: AddKeysOptions): Promise<AddedKeys> {
  const editable = await openPolicy(options);
  const offered = await readKeySource(options.source, options);
  const present = new Set(editable.loaded.keys.map((key) => fingerprintOf(key)));
  const chosen = chooseKeys(offered.keys, options);
  const fresh = chosen.filter(({ fingerprint }) => !present.has(fingerprint));
  const known = chosen.filter(({ fingerprint }) => present.has(fingerprint)).map(({ fingerprint }) => fingerprint);
  const nothing = { written: [], warnings: [], serial: editable.loaded.policy.serial, added: [], known, made: [] };
  if (fresh.length === 0) return nothing;

  if (options.prove !== undefined && fresh.length > 1) {
    throw new UsageError("--prove is for one key", { hint: "choose it: --only FINGERPRINT" });
  }
  const additions = new Additions(editable, offered, options);
  for (const key of fresh) await additions.add(key);
  const { edits, files, added, made } = additions.finish();
  const change = await changePolicy(editable, edits, files, options);
  const { rules } = (await openPolicy(options)).loaded.policy;
  const refusedBy = (principal: string): readonly string[] =>
    rules.filter(({ commits }) => commits !== null && !commits.signedBy.names.has(principal)).map(({ name }) => name);
  return { ...change, added, known, made: made.map((one) => ({ ...one, refusedBy: refusedBy(one.principal) })) };
}

/** Of several keys the user says which: nobody adds a key by not looking. */
function chooseKeys(keys: readonly OfferedKey[], { only, all, source, ca }: AddKeysOptions): readonly OfferedKey[] {
  if (keys.length === 0) {
    throw new UsageError(`there is no key in ${source}`, {
      hint: "a source is a public key's file or text, a fingerprint in gpg's keyring, a signed commit or an address",
    });
  }
  const asked = keys.map((key) => (ca && key.format === "ssh" ? { ...key, format: "sshCa" as const } : key));
  if (only.length > 0) {
    return only.map((wanted) => {
      const found = asked.find(
        ({ fingerprint }) => fingerprint === wanted || fingerprint.startsWith(`SHA256:${wanted}`),
      );
      if (found === undefined) throw new UsageError(`${source} holds no key ${wanted}`, { hint: listing(keys) });
      return found;
    });
  }
  if (asked.length === 1 || all || source.startsWith("forge:")) return asked;
  throw new UsageError(`${source} holds ${String(keys.length)} keys`, {
    hint: `${listing(keys)}; choose with --only FINGERPRINT, or take them --all`,
  });
}

const listing = (keys: readonly OfferedKey[]): string =>
  `it holds ${keys.map(({ fingerprint, comment }) => (comment === "" ? fingerprint : `${fingerprint} (${plain(comment)})`)).join(", ")}`;

/** One line of printable ASCII: what may stand behind a key in a policy. */
const plain = (text: string): string => text.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);

interface NewPrincipal {
  readonly emails: readonly string[];
  readonly role: Role;
  readonly keys: Edit["value"][];
}

class Additions {
  readonly #editable: EditablePolicy;
  readonly #offered: OfferedKeys;
  readonly #options: AddKeysOptions;
  readonly #edits: Edit[] = [];
  readonly #made = new Map<string, NewPrincipal>();
  readonly #files = new Map<string, Bytes>();
  readonly #added: { principal: string; format: string; fingerprint: string }[] = [];

  constructor(editable: EditablePolicy, offered: OfferedKeys, options: AddKeysOptions) {
    this.#editable = editable;
    this.#offered = offered;
    this.#options = options;
  }

  async add(key: OfferedKey): Promise<void> {
    const { policy } = this.#editable.loaded;
    const principal = this.#principalFor(key);
    const entry = await this.#entryFor(key, principal);
    this.#added.push({ principal, format: key.format, fingerprint: key.fingerprint });
    if (policy.principals.has(principal)) {
      this.#edits.push({ kind: "append", path: ["principals", principal, "keys"], value: entry });
      return;
    }
    const made = this.#made.get(principal) ?? { ...this.#describe(key, principal), keys: [] };
    made.keys.push(entry);
    this.#made.set(principal, made);
  }

  finish() {
    const { name, owner, emails, principal } = this.#options;
    const { policy } = this.#editable.loaded;
    const known = principal === undefined ? undefined : policy.principals.get(principal);
    const edits = [...this.#edits];
    for (const email of known === undefined ? [] : emails) {
      if (ownerOf(policy, bytes(email))?.id === known?.id) continue;
      edits.push({ kind: "append", path: ["principals", principal ?? "", "emails"], value: email });
    }
    for (const [id, made] of this.#made) {
      const shown = name ?? this.#offered.keys.find((key) => key.name !== null)?.name ?? null;
      const value = {
        ...(shown === null || !this.#offered.claims ? {} : { name: shown }),
        emails: made.emails,
        ...(made.role === "human" ? {} : { role: made.role }),
        ...(owner === undefined ? {} : { owner }),
        keys: made.keys,
      };
      edits.push({ kind: "set", path: ["principals", id], value });
    }
    const made = [...this.#made].map(([id, one]) => ({ principal: id, emails: one.emails, role: one.role }));
    return { edits, files: this.#files, added: this.#added, made };
  }

  /** The principal named, else the one whose e-mail the key's source names, else a new one. */
  #principalFor(key: OfferedKey): string {
    const { principal } = this.#options;
    if (principal !== undefined) {
      if (NAME.test(principal)) return principal;
      throw new UsageError(`'${principal}' is no name of a principal`, { hint: "a–z, 0–9, `.`, `_` and `-`" });
    }
    if (this.#offered.forge !== null) return this.#offered.forge;
    const emails = this.#emailsOf(key);
    const owners = new Set(emails.map((email) => ownerOf(this.#editable.loaded.policy, bytes(email))?.id ?? null));
    const [owner] = owners;
    if (owners.size === 1 && typeof owner === "string") return owner;
    if (owners.size > 1)
      throw new UsageError(`${emails.join(", ")} belong to several principals`, {
        hint: "say whose key it is: --principal NAME",
      });
    const name = slug(emails[0] ?? "");
    if (name === "" || this.#editable.loaded.policy.principals.has(name)) {
      throw new UsageError(`nothing says whose key ${key.fingerprint} is`, {
        hint: "say it: --principal NAME, and --email ADDRESS for somebody new",
      });
    }
    return name;
  }

  #emailsOf(key: OfferedKey): readonly string[] {
    if (this.#options.emails.length > 0) return this.#options.emails;
    return this.#offered.claims ? key.emails : [];
  }

  #describe(key: OfferedKey, principal: string): Omit<NewPrincipal, "keys"> {
    const emails = this.#emailsOf(key);
    if (emails.length === 0) {
      throw new UsageError(`the policy has no principal '${principal}', and a new one needs an e-mail`, {
        hint: `add --email ADDRESS, as it stands in commits of ${principal}`,
      });
    }
    return { emails, role: this.#options.role ?? (this.#offered.forge === null ? "human" : "forge") };
  }

  async #entryFor(key: OfferedKey, principal: string): Promise<Edit["value"]> {
    const { from, until } = this.#options;
    const { formatTime } = await import("../encoding/time.ts");
    const proof = await this.#proofOf(key, principal);
    const limits = {
      ...key.limits,
      ...(from === undefined ? {} : { from: formatTime(from) }),
      ...(until === undefined ? {} : { until: formatTime(until) }),
      ...(proof === null ? {} : { proof }),
    };
    if (key.format === "openpgp") {
      const file = await freeKeyFile(this.#editable, principal, key.fingerprint);
      const path = this.#files.has(file) ? `keys/${principal}-${key.fingerprint.slice(-8)}.asc` : file;
      this.#files.set(path, Buffer.from(key.text));
      return { openpgp: path, ...limits };
    }
    const comment = this.#offered.claims ? plain(key.comment) : "";
    return { [key.format]: comment === "" ? key.text : `${key.text} ${comment}`, ...limits };
  }

  async #proofOf(key: OfferedKey, principal: string): Promise<string | null> {
    const { prove, emails } = this.#options;
    if (prove === undefined) return null;
    const { policy } = this.#editable.loaded;
    const owner = policy.principals.get(principal);
    if (owner === undefined) {
      throw new UsageError(`the policy has no principal '${principal}', and --prove is for a further key of one`, {
        hint: "whoever is new is added by those who hold the right `principals`",
      });
    }
    const { proveKey } = await import("./key-prove.ts");
    const owned = [...new Set([...owner.emails, ...emails.map(bytes)])];
    const claim = { principal, emails: owned, fingerprint: key.fingerprint };
    return proveKey(key, claim, policy.algorithms, { ...this.#options, prove });
  }
}

const bytes = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** A principal's name made of an e-mail: what stands before the `@`, as far as names allow. */
export const principalName = (email: string, otherwise: string): string => slug(email) || otherwise;

const slug = (email: string): string =>
  (email.split("@")[0] ?? "")
    .toLowerCase()
    .replace(/^\d+\+/, "")
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 64);

/** `keys list`, `keys show`, `keys check`: the keys of the policy and how they stand. */
import { formatTime } from "../encoding/time.ts";
import type { PolicyOrigin, Seconds } from "../model.ts";
import { endOf, problemAt } from "./key-standing.ts";
import { selectKey } from "./key-select.ts";
import { chosenPolicy } from "./policy-commands.ts";
import type { PolicyCommandOptions } from "./policy-commands.ts";
import { showKey } from "./policy-show.ts";
import type { ShownKey } from "./policy-show.ts";
import type { LoadedKey, LoadedPolicy } from "./policy-source.ts";

export interface ListedKey extends ShownKey {
  readonly principal: string;
  readonly role: string;
  /** JSON path and line of its entry. */
  readonly place: { readonly path: string; readonly line: number | null };
  /** `good`, `retired` and `compromised` by the policy's own marks, or the verdict code that its signatures get today. */
  readonly state: string;
  readonly detail: string | null;
  /** When a key that is good now ends. */
  readonly ends: string | null;
}

export interface KeyListing {
  readonly policy: PolicyOrigin;
  readonly keys: readonly ListedKey[];
}

/** @throws PolicyError, GitError */
export async function listKeys(options: PolicyCommandOptions, now: Seconds): Promise<KeyListing> {
  const loaded = await chosenPolicy(options);
  return { policy: loaded.origin, keys: await Promise.all(loaded.keys.map((key) => listKey(loaded, key, now))) };
}

export interface KeyInFull extends ListedKey {
  readonly name: string;
  readonly emails: readonly string[];
  readonly userIds: readonly string[];
  readonly rules: readonly { readonly name: string; readonly asks: string }[];
  readonly parts: readonly {
    readonly fingerprint: string;
    readonly algorithm: string;
    readonly created: string;
    readonly signs: boolean;
    readonly expires: string | null;
  }[];
}

/** Everything about one key. @throws UsageError when the words mean none or several */
export async function showOneKey(options: PolicyCommandOptions, words: string, now: Seconds): Promise<KeyInFull> {
  const loaded = await chosenPolicy(options);
  const key = selectKey(loaded, words);
  const principal = loaded.policy.principals.get(key.principal);
  return {
    ...(await listKey(loaded, key, now)),
    name: principal?.name ?? key.principal,
    emails: principal?.emails.map(utf8) ?? [],
    userIds: key.anchor.kind === "openpgp" ? key.anchor.certificate.userIds.map(utf8) : [],
    rules: loaded.policy.rules.flatMap(({ name, commits, tags }) => {
      const asks = [
        ...(commits?.signedBy.names.has(key.principal) === true ? ["commits"] : []),
        ...(tags?.signedBy.names.has(key.principal) === true ? ["tags"] : []),
      ];
      return asks.length === 0 ? [] : [{ name, asks: asks.join(" and ") }];
    }),
    parts: await partsOf(loaded, key, now),
  };
}

async function partsOf({ policy }: LoadedPolicy, { anchor }: LoadedKey, now: Seconds): Promise<KeyInFull["parts"]> {
  if (anchor.kind !== "openpgp") return [];
  const { currentState } = await import("../signature/openpgp/standing.ts");
  return Promise.all(
    anchor.certificate.keys.map(async (key) => {
      const { maySign, expires } = await currentState(anchor.certificate, key, policy.algorithms, now);
      return {
        fingerprint: key.fingerprint,
        algorithm: key.algorithm,
        created: formatTime(key.created),
        signs: maySign,
        expires: expires === Infinity ? null : formatTime(expires),
      };
    }),
  );
}

async function listKey({ policy }: LoadedPolicy, key: LoadedKey, now: Seconds): Promise<ListedKey> {
  const { retired, compromised } = key.anchor.window;
  const problem = await problemAt(key, policy.algorithms, now);
  const end = problem === null ? await endOf(key, policy.algorithms, now) : null;
  const marked = compromised !== undefined ? "compromised" : retired !== undefined && retired <= now ? "retired" : null;
  return {
    principal: key.principal,
    role: policy.principals.get(key.principal)?.role ?? "human",
    place: key.entry.place,
    ...showKey(key),
    state: marked ?? problem?.code ?? "good",
    detail: problem?.detail ?? null,
    ends: end === null ? null : formatTime(end),
  };
}

export interface KeyComplaint {
  readonly key: ListedKey;
  readonly message: string;
  readonly fix: string;
}

/**
 * `keys check`: keys that cannot sign or will not within this time, but for those that the policy itself has put out of
 * use or of which another key of the same principal takes over, and principals who are left without any.
 */
export async function checkKeys(
  options: PolicyCommandOptions,
  within: Seconds,
  now: Seconds,
): Promise<KeyListing & { readonly complaints: readonly KeyComplaint[]; readonly keyless: readonly string[] }> {
  const loaded = await chosenPolicy(options);
  const listed = await Promise.all(loaded.keys.map((key) => listKey(loaded, key, now)));
  const able = new Set(listed.filter(({ state }) => state === "good").map(({ principal }) => principal));
  const complaints = await Promise.all(
    loaded.keys.map(async (key, index): Promise<readonly KeyComplaint[]> => {
      const shown = listed[index];
      if (shown === undefined || shown.state === "retired" || shown.state === "compromised") return [];
      // An end that the policy has set, and another key goes on.
      if ((key.entry.window.until ?? Infinity) <= now && able.has(key.principal)) return [];
      const today = await problemAt(key, loaded.policy.algorithms, now);
      const later = today === null ? await problemAt(key, loaded.policy.algorithms, now + within) : null;
      // A key not in use yet is a plan, not a problem.
      if (
        today?.code === "key-not-yet-valid" &&
        (await problemAt(key, loaded.policy.algorithms, now + within)) === null
      )
        return [];
      const problem = today ?? later;
      if (problem === null) return [];
      const end = today === null ? await endOf(key, loaded.policy.algorithms, now) : null;
      const message =
        end !== null ? `will not be able to sign from ${formatTime(end)} on` : `cannot sign: ${problem.detail}`;
      return [{ key: shown, message, fix: await fixFor(loaded, key, shown, today === null ? now + within : now) }];
    }),
  );
  // Whose every key is retired has left.
  const staying = new Set(listed.filter(({ state }) => state !== "retired").map(({ principal }) => principal));
  const keyless = [...loaded.policy.principals.values()]
    .filter(({ id, keys }) => !able.has(id) && (keys.length === 0 || staying.has(id)))
    .map(({ id }) => id);
  return { policy: loaded.origin, keys: listed, complaints: complaints.flat(), keyless };
}

async function fixFor(loaded: LoadedPolicy, key: LoadedKey, { fingerprint }: ListedKey, by: Seconds): Promise<string> {
  if (key.anchor.window.fell !== undefined) return `signpolicy keys confirm ${fingerprint}`;
  const { extendCommand } = await import("./key-extend.ts");
  return (await extendCommand(key, loaded, by)) ?? `signpolicy keys retire ${fingerprint}`;
}

const utf8 = (text: string): string => Buffer.from(text, "latin1").toString("utf8");

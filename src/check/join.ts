/** `join`: a further developer's key into a policy that is there. */
import { PolicyError, UsageError } from "../errors.ts";
import { runAttached } from "../io/programs.ts";
import { runGit } from "../io/git.ts";
import { listRefs } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import type { RefName, Seconds } from "../model.ts";
import { asksApprovals } from "../policy/applies.ts";
import { ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import type { InitOptions } from "./init.ts";
import { namedFile, settingsFor } from "./init.ts";
import { installRefspec } from "./install-approvals.ts";
import { addKeys, principalName } from "./keys-add.ts";
import { fingerprintsOf } from "./key-select.ts";
import { problemAt } from "./key-standing.ts";
import { governClone } from "./governing.ts";
import type { OwnKey } from "./own-keys.ts";
import { findOwnKeys } from "./own-keys.ts";
import { openPolicy } from "./policy-edit.ts";
import type { EditablePolicy } from "./policy-edit.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { openSession } from "./session.ts";
import { readSigningSetUp } from "./signing-setup.ts";
import type { SigningSetUp } from "./signing-setup.ts";
import { refuseUnderWay } from "./under-way.ts";

export interface JoinSurvey {
  readonly place: ClientPlace;
  readonly setUp: SigningSetUp;
  readonly editable: EditablePolicy;
  readonly me: { readonly name: string; readonly email: string };
  readonly ownKeys: readonly OwnKey[];
  /** The principal who owns the committer's e-mail; null for somebody new. */
  readonly principal: string | null;
  /** Of `ownKeys`, those that the policy has already. */
  readonly known: ReadonlySet<string>;
  /** What judges pushes is another policy, which does not have these yet. */
  readonly pending: ReadonlySet<string>;
}

/** @throws PolicyError where there is no sound policy, UsageError where a merge and the like is under way, GitError */
export async function surveyJoin(options: InitOptions): Promise<JoinSurvey> {
  const place = await findClient(options);
  const editable = await openPolicy(options);
  const setUp = await readSigningSetUp(options.directory, place, options.environment);
  const { name, email } = setUp.context.committer;
  const ownKeys = await findOwnKeys(setUp, place.top, options.environment, namedFile(options));
  const known = heldBy(editable.loaded);
  // Before a key is made that would go nowhere.
  if (ownKeys.every(({ fingerprint }) => !known.has(fingerprint))) refuseUnderWay(place.gitDir);
  const governing = await governingPolicy(options);
  const judging = governing === null ? known : heldBy(governing);
  const policies = governing === null ? [editable.loaded] : [editable.loaded, governing];
  const usable = await usableKeys(ownKeys, policies, options.now);
  const those = (condition: (fingerprint: string) => boolean) =>
    new Set(ownKeys.map(({ fingerprint }) => fingerprint).filter((one) => condition(one)));
  return {
    place,
    setUp,
    editable,
    me: { name: utf8(name), email: utf8(email) },
    ownKeys: usable,
    principal: ownerOf(editable.loaded.policy, email)?.id ?? null,
    known: those((one) => known.has(one)),
    pending: those((one) => known.has(one) && !judging.has(one)),
  };
}

const heldBy = ({ keys }: LoadedPolicy): ReadonlySet<string> => new Set(keys.flatMap((key) => fingerprintsOf(key)));

/**
 * The keys in the order of use: those the policy takes today first, and without those that one of the policies has put out of
 * use, which would only lead to the next refusal.
 */
async function usableKeys(
  ownKeys: readonly OwnKey[],
  policies: readonly LoadedPolicy[],
  now: Seconds,
): Promise<readonly OwnKey[]> {
  const rankOf = async ({ fingerprint }: OwnKey): Promise<number> => {
    const known = policies.flatMap(({ keys, policy }) => {
      const entry = keys.find((key) => fingerprintsOf(key).includes(fingerprint));
      return entry === undefined ? [] : [problemAt(entry, policy.algorithms, now)];
    });
    if (known.length === 0) return 1;
    return (await Promise.all(known)).every((problem) => problem === null) ? 0 : 2;
  };
  const standing = await Promise.all(ownKeys.map(rankOf));
  return [0, 1].flatMap((rank) => ownKeys.filter((_, index) => standing[index] === rank));
}

async function governingPolicy({ directory, environment }: InitOptions): Promise<LoadedPolicy | null> {
  const session = await openSession(await findRepository(directory, environment));
  try {
    return (await governClone(session, {})).loaded;
  } catch (error) {
    if (error instanceof PolicyError) return null;
    throw error;
  } finally {
    session.close();
  }
}

export interface Joined {
  readonly principal: string;
  /** `git config` commands that were run. */
  readonly settings: readonly string[];
  /** What else was set up in this clone. */
  readonly installed: readonly string[];
  /** What was written and staged; empty where the key was in the policy already. */
  readonly written: readonly string[];
  readonly warnings: readonly string[];
  /** What a maintainer types, who has the key from this; null where the key was in the policy already. */
  readonly maintainer: { readonly command: string; readonly certificate: string | null } | null;
  /** Takes the staged change back. */
  readonly undo: string;
}

/**
 * Sets git up to sign with the key, adds it to the policy where it is not there, and stages the change.
 *
 * @throws UsageError, with nothing changed, in the middle of a merge and the like
 */
export async function performJoin(
  survey: JoinSurvey,
  key: OwnKey,
  wanted: string | undefined,
  options: InitOptions,
): Promise<Joined> {
  const { place, me, editable, known } = survey;
  const principal = wanted ?? survey.principal ?? principalName(me.email, "me");
  // The change would become a part of it, and git makes no commit of its own then.
  if (!known.has(key.fingerprint)) refuseUnderWay(place.gitDir);
  const settings: string[] = [];
  for (const { key: name, value } of settingsFor(survey, key)) {
    await place.porcelain.setConfig(name, value);
    settings.push(`git config ${name} ${value}`);
  }
  // `prepare` of a team with husky puts the hooks in, and no more.
  const steps = asksApprovals(editable.loaded.policy) ? await installRefspec(place) : [];
  const installed = steps.filter(({ changed }) => changed).map(({ what }) => what);
  if (known.has(key.fingerprint))
    return { principal, settings, installed, written: [], warnings: [], maintainer: null, undo: "" };
  const isNew = !editable.loaded.policy.principals.has(principal);
  if (!isNew && survey.principal !== principal && wanted === undefined) {
    throw new UsageError(`the policy has a principal '${principal}' already, who does not own ${me.email}`, {
      hint: "say who you are: --principal NAME",
    });
  }
  const added = await addKeys({
    ...options,
    source: key.source,
    principal,
    emails: isNew ? [me.email] : [],
    name: isNew ? me.name : undefined,
    only: [],
    all: false,
    ca: false,
  });
  const environment = defined(options.environment);
  await runGit({ cwd: options.directory, environment }, ["add", "--", ...added.written]);
  return {
    principal,
    settings,
    installed,
    written: added.written,
    warnings: added.warnings,
    maintainer: maintainerCommand(key, principal, isNew ? me : null),
    undo: `git restore -SW -- ${added.written.map((file) => shellWord(file) ?? ".").join(" ")}`,
  };
}

function maintainerCommand(
  { format, source, fingerprint }: OwnKey,
  principal: string,
  me: JoinSurvey["me"] | null,
): Joined["maintainer"] {
  const file = `${principal}.asc`;
  const what = format === "ssh" ? `'${source}'` : file;
  const name = me === null ? null : nameWord(me.name);
  const somebody =
    me === null ? "" : ` --email ${shellWord(me.email) ?? "ADDRESS"}${name === null ? "" : ` --name ${name}`}`;
  return {
    command: `signpolicy keys add ${what} --principal ${principal}${somebody}`,
    certificate: format === "ssh" ? null : `gpg --armor --export ${fingerprint} > ${file}`,
  };
}

/**
 * A person's name, in letters of any script, as a word for a shell. Null where it holds what nobody sees: nobody is handed a
 * placeholder that would be taken for a name.
 */
const nameWord = (name: string): string | null =>
  shellWord(name) ?? (/^[\p{L}\p{M}\p{N} .,()_]+$/u.test(name) ? `'${name}'` : null);

/**
 * Commits the change, and nothing else that is staged, on a branch of its own, signed with the new key. No hook runs: the
 * key is not in the policy that judges yet, as `join` says itself, and ours would take that for a mistake of the user's.
 *
 * @throws UsageError when git does not
 */
export async function commitJoin(
  { principal, written }: Joined,
  { directory, environment }: InitOptions,
): Promise<string> {
  const branch = await freeBranch(`refs/heads/join/${principal}`, directory, environment);
  for (const argv of [
    ["switch", "-q", "-c", branch],
    ["-c", "core.hooksPath=/dev/null", "commit", "-q", "-S", "-m", `Keys: ${principal}`, "--", ...written],
  ]) {
    if ((await runAttached("git", argv, { cwd: directory, environment })) === 0) continue;
    throw new UsageError(`git ${argv.includes("commit") ? "commit" : "switch"} failed; the change is staged`, {
      hint: "signpolicy doctor",
    });
  }
  return branch;
}

/** Whoever joins with a second key may still have the branch of the first. */
async function freeBranch(ref: string, directory: string, environment: InitOptions["environment"]): Promise<string> {
  const taken = await listRefs(await findRepository(directory, environment), ["refs/heads/join"]);
  let free = ref;
  for (let n = 2; taken.has(free as RefName); n += 1) free = `${ref}-${n}`;
  return free.slice("refs/heads/".length);
}

const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");

const defined = (variables: InitOptions["environment"]): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));

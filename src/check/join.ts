/** `join`: a further developer's key into a policy that is there. */
import { UsageError } from "../errors.ts";
import { runAttached } from "../io/programs.ts";
import { runGit } from "../io/git.ts";
import { ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import type { InitOptions } from "./init.ts";
import { settingsFor } from "./init.ts";
import { addKeys, principalName } from "./keys-add.ts";
import { fingerprintOf } from "./key-select.ts";
import type { OwnKey } from "./own-keys.ts";
import { findOwnKeys } from "./own-keys.ts";
import { openPolicy } from "./policy-edit.ts";
import type { EditablePolicy } from "./policy-edit.ts";
import { readSigningSetUp } from "./signing-setup.ts";
import type { SigningSetUp } from "./signing-setup.ts";

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
}

/** @throws PolicyError where there is no sound policy, GitError */
export async function surveyJoin(options: InitOptions): Promise<JoinSurvey> {
  const place = await findClient(options);
  const editable = await openPolicy(options);
  const setUp = await readSigningSetUp(options.directory, place, options.environment);
  const { name, email } = setUp.context.committer;
  const ownKeys = await findOwnKeys(setUp, place.top, options.environment);
  const present = new Set(
    editable.loaded.keys.flatMap((key) =>
      key.anchor.kind === "openpgp"
        ? key.anchor.certificate.keys.map(({ fingerprint }): string => fingerprint)
        : [fingerprintOf(key)],
    ),
  );
  return {
    place,
    setUp,
    editable,
    me: { name: utf8(name), email: utf8(email) },
    ownKeys,
    principal: ownerOf(editable.loaded.policy, email)?.id ?? null,
    known: new Set(ownKeys.map(({ fingerprint }) => fingerprint).filter((one) => present.has(one))),
  };
}

export interface Joined {
  readonly principal: string;
  /** `git config` commands that were run. */
  readonly settings: readonly string[];
  /** What was written and staged; empty where the key was in the policy already. */
  readonly written: readonly string[];
  readonly warnings: readonly string[];
  /** What a maintainer can type in place of taking the commit. */
  readonly maintainer: string | null;
}

/** Sets git up to sign with the key, adds it to the policy where it is not there, and stages the change. */
export async function performJoin(
  survey: JoinSurvey,
  key: OwnKey,
  wanted: string | undefined,
  options: InitOptions,
): Promise<Joined> {
  const { place, me, editable, known } = survey;
  const principal = wanted ?? survey.principal ?? principalName(me.email, "me");
  const settings: string[] = [];
  for (const { key: name, value } of settingsFor(survey, key)) {
    await place.porcelain.setConfig(name, value);
    settings.push(`git config ${name} ${value}`);
  }
  if (known.has(key.fingerprint)) return { principal, settings, written: [], warnings: [], maintainer: null };
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
    written: added.written,
    warnings: added.warnings,
    maintainer: maintainerCommand(key, principal, isNew ? me : null),
  };
}

function maintainerCommand(
  { format, source, fingerprint }: OwnKey,
  principal: string,
  me: JoinSurvey["me"] | null,
): string {
  const what = format === "ssh" ? `'${source}'` : `FILE-WITH-${fingerprint}`;
  const somebody =
    me === null ? "" : ` --email ${shellWord(me.email) ?? "ADDRESS"} --name ${shellWord(me.name) ?? "NAME"}`;
  return `signpolicy keys add ${what} --principal ${principal}${somebody}`;
}

/** Commits the staged change on a branch of its own, signed with the new key. @throws UsageError when git does not */
export async function commitJoin({ principal }: Joined, { directory, environment }: InitOptions): Promise<string> {
  const branch = `join/${principal}`;
  for (const argv of [
    ["switch", "-q", "-c", branch],
    ["commit", "-q", "-S", "-m", `Keys: ${principal}`],
  ]) {
    if ((await runAttached("git", argv, { cwd: directory, environment })) === 0) continue;
    throw new UsageError(`git ${argv[0] ?? ""} failed; the change is staged`, { hint: "signpolicy doctor" });
  }
  return branch;
}

const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");

const defined = (variables: InitOptions["environment"]): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));

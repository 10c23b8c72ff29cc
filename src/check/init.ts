/** `init`: from what a clone uses already to a policy, key files, hooks and git's own settings. */
import { mkdir } from "node:fs/promises";
import { join, posix, resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { writeWhole } from "../io/files.ts";
import { gpgPlace } from "../io/gpg.ts";
import { listRefs, readRefs } from "../io/refs.ts";
import { findRepository } from "../io/repository.ts";
import type { RefName, Seconds, VerdictCode } from "../model.ts";
import { EXEMPTIBLE_CODES } from "../policy/exemptible.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import { changedPackages } from "./changed-packages.ts";
import { verifyCommits } from "./commits.ts";
import { workTreePolicySource } from "./file-policy.ts";
import { findForge, forgeKeys } from "./forges.ts";
import { defaultBranch } from "./governing.ts";
import { renderJson, renderYaml } from "./init-text.ts";
import type { Proposal, ProposedPrincipal } from "./init-text.ts";
import { refuseLinkOut } from "./inside-tree.ts";
import { installClient } from "./install-client.ts";
import type { OfferedKey } from "./key-list.ts";
import { principalName } from "./keys-add.ts";
import { readKeySource } from "./key-sources.ts";
import { loadPolicy } from "./policy.ts";
import { shownPath } from "./policy-edit.ts";
import type { OwnKey } from "./own-keys.ts";
import { findOwnKeys } from "./own-keys.ts";
import { projectProgram } from "./program-path.ts";
import { recentSigners } from "./recent-signers.ts";
import type { RecentSigners } from "./recent-signers.ts";
import { openSession } from "./session.ts";
import { readSigningSetUp } from "./signing-setup.ts";
import type { SigningSetUp } from "./signing-setup.ts";
import { implicitRef } from "./targets.ts";

export interface InitOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
  /** A key that was named: a fingerprint, or the path of one that may lie anywhere. */
  readonly key?: string | undefined;
}

/** What was found in the clone, before anything is decided. */
export interface Survey {
  readonly place: ClientPlace;
  readonly setUp: SigningSetUp;
  readonly me: { readonly name: string; readonly email: string };
  readonly ownKeys: readonly OwnKey[];
  readonly recent: RecentSigners;
  /** The branch that HEAD names, and the remote's default branch where that is another. */
  readonly branches: readonly string[];
  readonly head: string | null;
}

/** @throws UsageError where there is a policy already; GitError, SignpolicyError ERR_INSTALL in a bare repository */
export async function surveyClone(options: InitOptions): Promise<Survey> {
  const { directory, environment, now } = options;
  const place = await findClient(options);
  await refusePresentPolicy(place.top);
  const setUp = await readSigningSetUp(directory, place, environment);
  const { name, email } = setUp.context.committer;
  const session = await openSession(await findRepository(directory, environment));
  try {
    const current = await implicitRef(session);
    const usual = (await defaultBranch(session))?.branch ?? null;
    const present = [...(await listRefs(session.repository, ["refs/heads", "refs/remotes"])).keys()];
    const main = usual ?? current ?? ("refs/heads/main" as RefName);
    const releases = present.some((ref) => /(?:^refs\/heads|\/[^/]+)\/release\//.test(ref))
      ? ["refs/heads/release/**"]
      : [];
    const head = current === null ? undefined : (await readRefs(session.repository, [current])).get(current);
    const gpg = gpgPlace(setUp.context.config, place.top, environment);
    return {
      place,
      setUp,
      me: { name: utf8(name), email: utf8(email) },
      ownKeys: await findOwnKeys(setUp, place.top, environment, namedFile(options)),
      recent: await recentSigners(session, gpg, now),
      branches: [main, ...releases],
      head: head?.oid ?? null,
    };
  } finally {
    session.close();
  }
}

async function refusePresentPolicy(top: string): Promise<void> {
  const present = await workTreePolicySource(top)
    .readPolicy()
    .then(
      ({ file }) => file,
      () => null,
    );
  if (present === null) return;
  throw new UsageError(`there is a policy already: ${present}`, {
    hint: "signpolicy join adds your key to it; signpolicy policy check looks at it",
  });
}

export interface InitChoice {
  readonly key: OwnKey;
  readonly format: "yaml" | "json";
  /** Fingerprints of recent signers who become principals; all unless given. */
  readonly signers?: readonly string[];
  readonly hooks: boolean;
}

export interface InitPlan {
  readonly policyFile: string;
  readonly text: string;
  readonly keyFiles: ReadonlyMap<string, string>;
  readonly proposal: Proposal;
  /** `git config` settings that make git sign with the key, in this clone. */
  readonly settings: readonly { readonly key: string; readonly value: string }[];
}

/** Decides everything and writes nothing. */
export async function planInit(survey: Survey, choice: InitChoice, options: InitOptions): Promise<InitPlan> {
  const { me, recent, branches, head } = survey;
  const own = (await readKeySource(choice.key.source, options)).keys[0];
  if (own === undefined) throw new UsageError(`${choice.key.shown} gives no key`);
  const keyFiles = new Map<string, string>();
  const principals: ProposedPrincipal[] = [];
  const taken = new Set<string>();
  const add = (
    name: string | null,
    emails: readonly string[],
    keys: readonly OfferedKey[],
    role: "human" | "forge",
    wanted: string,
  ): void => {
    let id = wanted;
    for (let n = 2; taken.has(id); n += 1) id = `${wanted}-${n}`;
    taken.add(id);
    principals.push({ id, name, emails, role, keys: keys.map((key) => entryOf(key, id, keyFiles)) });
  };
  const chosen = recent.signers.filter(({ key }) => choice.signers?.includes(key.fingerprint) ?? true);
  // Anybody can write another's e-mail into a commit: only keys that are on this machine are one's own.
  const mine = chosen.filter(({ key }) => isOwn(survey, key.fingerprint) || key.fingerprint === own.fingerprint);
  const myEmails = [...new Set([me.email, ...mine.flatMap(({ emails }) => emails)])];
  const myKeys = [own, ...mine.map(({ key }) => key).filter(({ fingerprint }) => fingerprint !== own.fingerprint)];
  add(me.name, myEmails, myKeys, "human", principalName(me.email, "me"));
  const others = chosen.filter((signer) => !mine.includes(signer));
  for (const { emails, name, keys } of byPerson(others, new Set(myEmails))) {
    add(name, emails, keys, "human", principalName(emails[0] ?? "", "somebody"));
  }
  for (const forge of recent.forges) {
    const found = findForge(forge);
    add(found.name, found.emails, await forgeKeys(found), "forge", forge);
  }
  const proposal: Proposal = {
    principals,
    protected: branches,
    forges: recent.forges,
    schema: await schemaFor(survey.place),
    exempt: head === null ? null : { reachableFrom: head, codes: [] },
  };
  const text = choice.format === "json" ? renderJson(proposal) : renderYaml(proposal);
  return {
    policyFile: choice.format === "json" ? ".signpolicy.json" : ".signpolicy.yaml",
    text,
    keyFiles,
    proposal,
    settings: settingsFor(survey, choice.key),
  };
}

export const isOwn = ({ ownKeys }: Pick<Survey, "ownKeys">, fingerprint: string): boolean =>
  ownKeys.some((key) => key.fingerprint === fingerprint);

/** Keys that are not on this machine and signed under the e-mail of its user. */
export const strangersOf = (survey: Survey): readonly string[] =>
  survey.recent.signers
    .filter(({ key, emails }) => emails.includes(survey.me.email) && !isOwn(survey, key.fingerprint))
    .map(({ key }) => key.fingerprint);

/** One person may have signed with several keys, and under several e-mails: whoever shares an e-mail is one. */
function byPerson(signers: RecentSigners["signers"], claimed: ReadonlySet<string>) {
  const people: { emails: string[]; name: string; keys: OfferedKey[] }[] = [];
  for (const { key, emails, name } of signers) {
    const free = emails.filter((email) => !claimed.has(email));
    if (free.length === 0) continue;
    const known = people.find((person) => person.emails.some((email) => free.includes(email)));
    if (known === undefined) people.push({ emails: [...free], name, keys: [key] });
    else {
      known.keys.push(key);
      known.emails.push(...free.filter((email) => !known.emails.includes(email)));
    }
  }
  return people;
}

function entryOf(
  key: OfferedKey,
  id: string,
  files: Map<string, string>,
): Readonly<Record<string, string | readonly string[]>> {
  if (key.format !== "openpgp") return { [key.format]: key.text, ...key.limits };
  const name = files.has(`keys/${id}.asc`) ? `keys/${id}-${key.fingerprint.slice(-8)}.asc` : `keys/${id}.asc`;
  files.set(name, key.text);
  return { openpgp: name, ...key.limits };
}

/** What differs from what git would do already. */
export function settingsFor({ setUp }: Pick<Survey, "setUp">, key: OwnKey): InitPlan["settings"] {
  const { config } = setUp.context;
  const wanted = [
    { key: "gpg.format", value: key.format },
    { key: "user.signingkey", value: key.signingKey },
    { key: "commit.gpgsign", value: "true" },
    { key: "tag.gpgSign", value: "true" },
  ];
  return wanted.filter(({ key: name, value }) => {
    const present = config.get(name.toLowerCase()) ?? (name === "gpg.format" ? "openpgp" : null);
    if (name === "user.signingkey" && key.configured) return false;
    return present !== value;
  });
}

export interface InitReport {
  readonly written: readonly string[];
  /** What belongs into the commit, as seen from here: what was written, and what `npm install` in another clone needs. */
  readonly toCommit: readonly string[];
  readonly steps: readonly string[];
  readonly warnings: readonly string[];
}

/** Every clone of a project has it there after `npm install`. A folder's name may hold what would end the line. */
async function schemaFor(place: ClientPlace): Promise<string | null> {
  const program = await projectProgram(place);
  return program === null ? null : encodeURI(posix.join(program, "../../signpolicy/config/signpolicy.schema.json"));
}

/** Writes what was planned, sets git up, installs the hooks, and then judges the history by the new policy. */
export async function performInit(
  survey: Survey,
  plan: InitPlan,
  choice: InitChoice,
  options: InitOptions,
): Promise<InitReport> {
  const { place } = survey;
  const policy = join(place.top, plan.policyFile);
  for (const file of [plan.policyFile, ...plan.keyFiles.keys()]) await refuseLinkOut(place.top, join(place.top, file));
  for (const [file, text] of plan.keyFiles) {
    await mkdir(join(place.top, "keys"), { recursive: true });
    await writeWhole(join(place.top, file), Buffer.from(text));
  }
  // Without a history to forgive, and with one only as far as it needs to be.
  const render = choice.format === "json" ? renderJson : renderYaml;
  const bare = { ...plan.proposal, exempt: null };
  await writeWhole(policy, Buffer.from(render(bare)));
  await loadPolicy(workTreePolicySource(place.top));
  const { exempt } = plan.proposal;
  const codes = exempt === null ? [] : await codesOf(survey, policy, options);
  if (exempt !== null && codes.length > 0) {
    const usual = codes.every((code) => code === "unsigned" || code === "unknown-key");
    await writeWhole(
      policy,
      Buffer.from(render({ ...plan.proposal, exempt: { ...exempt, codes: usual ? [] : codes } })),
    );
    await loadPolicy(workTreePolicySource(place.top));
  }
  const steps: string[] = [];
  for (const { key, value } of plan.settings) {
    await place.porcelain.setConfig(key, value);
    steps.push(`git config ${key} ${value}`);
  }
  const hooks = choice.hooks ? await installHooks(survey, options) : { steps: [], warnings: [] };
  const written = [plan.policyFile, ...plan.keyFiles.keys()];
  const husky = choice.hooks && place.usesHusky ? [place.huskyDir] : [];
  const files = [...written.map((file) => join(place.top, file)), ...(await changedPackages(place, options)), ...husky];
  const toCommit = files.map((file) => shownPath(options.directory, file));
  return { written, toCommit, steps: [...steps, ...hooks.steps], warnings: hooks.warnings };
}

async function installHooks({ place }: Survey, { directory, environment }: InitOptions) {
  if (place.packageDir !== null && (await projectProgram(place)) === null) {
    const warning =
      "no hooks were installed: signpolicy is not among this project's packages; npm install --save-dev signpolicy, then npx --no-install signpolicy install";
    return { steps: [], warnings: [warning] };
  }
  const { steps, warnings } = await installClient({ directory, environment });
  return { steps: steps.filter(({ changed }) => changed).map(({ what }) => `installed ${what}`), warnings };
}

/** What the new policy has against the history that is there, as far as an exemption may forgive it. */
async function codesOf(
  { branches }: Survey,
  policy: string,
  { directory, environment, now }: InitOptions,
): Promise<readonly VerdictCode[]> {
  const codes = new Set<VerdictCode>();
  await verifyCommits(
    {
      cwd: directory,
      environment,
      targets: ["HEAD"],
      as: branches[0],
      policy,
      tags: false,
      all: false,
      noWalk: false,
      now,
    },
    {
      begin: () => undefined,
      decision: ({ allow, findings }) => {
        if (!allow) for (const { code, severity } of findings) if (severity === "error") codes.add(code);
      },
    },
  );
  const forgivable: readonly string[] = EXEMPTIBLE_CODES;
  return [...codes].filter((code) => forgivable.includes(code));
}

/** The file of a public key that was named, whether or not there is one. */
export const namedFile = ({ key, directory }: Pick<InitOptions, "key" | "directory">): string | null =>
  key === undefined ? null : `${resolve(directory, key).replace(/\.pub$/, "")}.pub`;

const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");

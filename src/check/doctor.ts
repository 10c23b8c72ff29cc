/** `doctor`: what keeps a developer's commits, or a server's hooks, from working, each with one line why and one command. */
import type { CommitContext } from "../io/commit-context.ts";
import type { Seconds } from "../model.ts";
import type { ClientPlace } from "./client-place.ts";
import { findClient } from "./client-place.ts";
import type { KeyChoices } from "./key-choices.ts";
import { settingCommand, type Setting } from "./good-keys.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import type { SigningKey } from "./signing-key.ts";

export type RowStatus = "pass" | "warn" | "fail";

/** What `--fix` may do by itself: each is undone by one command, and touches this clone or this user's own files alone. */
export type Repair =
  | { readonly kind: "config"; readonly settings: readonly Setting[] }
  | { readonly kind: "install" }
  | { readonly kind: "allowed-signers" }
  | { readonly kind: "chmod"; readonly path: string; readonly mode: number };

export interface DoctorRow {
  /** `sign.live`, `hooks.chain`, … */
  readonly id: string;
  readonly status: RowStatus;
  readonly why: string;
  readonly fix: string | null;
  readonly repair: Repair | null;
}

export interface DoctorOptions {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly now: Seconds;
  /** Whether a person sits at a terminal, who could be asked for a passphrase. */
  readonly terminal: boolean;
  /** Start our own line of the hooks, and nothing else of them. */
  readonly fire?: boolean;
}

/** What the rows look at: found once. */
export interface Patient extends DoctorOptions {
  readonly place: ClientPlace;
  readonly context: CommitContext;
  readonly key: SigningKey;
  /** Null where there is none that can be used, which a row of its own tells. */
  readonly loaded: LoadedPolicy | null;
  /** What would have git sign with a key that the policy takes from this person; null without a policy. */
  readonly choices: KeyChoices | null;
}

export type Examination = (patient: Patient) => Promise<readonly DoctorRow[]>;

export const pass = (id: string, why: string): DoctorRow => ({ id, status: "pass", why, fix: null, repair: null });
export const warn = (id: string, why: string, fix: string, repair: Repair | null = null): DoctorRow => ({
  id,
  status: "warn",
  why,
  fix,
  repair,
});
export const fail = (id: string, why: string, fix: string, repair: Repair | null = null): DoctorRow => ({
  id,
  status: "fail",
  why,
  fix,
  repair,
});

/**
 * Looks at the clone that `directory` lies in, and hands each row over as soon as it is known. Files and configuration are
 * read, the signer signs a nonce, with `fire` our own hooks are started; nothing is changed.
 *
 * @throws GitError ERR_NOT_A_REPOSITORY, ERR_GIT_MISSING; SignpolicyError ERR_INSTALL in a bare repository
 */
export async function examineClone(options: DoctorOptions, tell: (row: DoctorRow) => void): Promise<void> {
  const patient = await admit(options);
  const { CLONE_ROWS } = await import("./doctor-clone.ts");
  const { SIGNING_ROWS } = await import("./doctor-signing.ts");
  const { PROGRAM_ROWS } = await import("./doctor-programs.ts");
  const { HISTORY_ROWS } = await import("./doctor-history.ts");
  for (const examine of [...CLONE_ROWS, ...SIGNING_ROWS, ...PROGRAM_ROWS, ...HISTORY_ROWS]) {
    for (const row of await examine(patient)) tell(row);
  }
}

async function admit(options: DoctorOptions): Promise<Patient> {
  const { directory, environment } = options;
  const place = await findClient(options);
  const [{ readSigningSetUp }, { loadPolicy }, { workTreePolicySource }] = await Promise.all([
    import("./signing-setup.ts"),
    import("./policy.ts"),
    import("./file-policy.ts"),
  ]);
  const setUp = await readSigningSetUp(directory, place, environment);
  const loaded = await loadPolicy(workTreePolicySource(place.top)).catch(() => null);
  if (loaded === null) return { ...options, place, ...setUp, loaded, choices: null };
  const { keyChoices } = await import("./key-choices.ts");
  const { expectEvidence } = await import("./expected-evidence.ts");
  const evidence = await expectEvidence(setUp.key, loaded.anchors, options.now);
  const about = { loaded, ...setUp, evidence, top: place.top, environment, now: options.now };
  return { ...options, place, ...setUp, loaded, choices: await keyChoices(about) };
}

/** A setting of this clone as a row's fix and repair. */
export const setting = (key: string, value: string): [fix: string, repair: Repair] => {
  const settings = [{ key, value }];
  return [settings.map(settingCommand).join(" && "), { kind: "config", settings }];
};

/** Does what a row offers. @throws SignpolicyError, GitError */
export async function repair(row: DoctorRow, { directory, environment, now }: DoctorOptions): Promise<void> {
  if (row.repair === null) return;
  switch (row.repair.kind) {
    case "config": {
      const { openPorcelain } = await import("../io/porcelain.ts");
      const porcelain = await openPorcelain(directory, environment);
      for (const { key, value } of row.repair.settings) await porcelain.setConfig(key, value);
      return;
    }
    case "install": {
      const { installClient } = await import("./install-client.ts");
      await installClient({ directory, environment });
      return;
    }
    case "allowed-signers": {
      const { writeAllowedSigners } = await import("./keys-export.ts");
      await writeAllowedSigners({ directory, environment }, now);
      return;
    }
    case "chmod": {
      const { changeMode } = await import("../io/files.ts");
      return changeMode(row.repair.path, row.repair.mode);
    }
  }
}

/** `git fetch` brings the approvals of others along, since a rule with a threshold cannot be judged without them. */
import type { GitConfig } from "../io/config.ts";
import { approvalsRefspec } from "../policy/approval-refs.ts";
import type { ClientPlace } from "./client-place.ts";
import { defaultRemote } from "./governing.ts";
import type { InstallStep } from "./installation.ts";

interface Fetching {
  readonly remote: string;
  readonly key: string;
  readonly value: string;
  /** It is set already. */
  readonly there: boolean;
}

/** The setting of the remote that policies are read from; null in a clone without one. */
function fetching(config: GitConfig): Fetching | null {
  const remote = defaultRemote({ config });
  if (remote === null) return null;
  const [key, value] = [`remote.${remote}.fetch`, approvalsRefspec(remote)];
  return { remote, key, value, there: config.getAll(key).includes(value) };
}

/** Whether `git fetch` brings others' approvals; null where there is no remote that it would bring them of. */
export const fetchesApprovals = (config: GitConfig): boolean | null => fetching(config)?.there ?? null;

/** Adds the refspec to that remote; does nothing in a clone without one. */
export async function installRefspec({ porcelain }: ClientPlace): Promise<readonly InstallStep[]> {
  const wanted = fetching(await porcelain.config());
  if (wanted === null) return [];
  const { remote, key, value, there } = wanted;
  if (!there) await porcelain.addConfig(key, value);
  return [{ what: `${remote}: git fetch brings approvals`, changed: !there }];
}

/** Takes it out of every remote again. */
export async function uninstallRefspec({ porcelain }: ClientPlace): Promise<readonly InstallStep[]> {
  const { values } = await porcelain.config();
  const ours = values.flatMap(({ scope, key, value }) => {
    const [, remote] = /^remote\.(.+)\.fetch$/s.exec(key) ?? [];
    return scope === "local" && remote !== undefined && value === approvalsRefspec(remote)
      ? [{ key, remote, value }]
      : [];
  });
  for (const { key, value } of ours) await porcelain.unsetConfigValue(key, value);
  return ours.map(({ remote }) => ({ what: `${remote}: git fetch brings no approvals`, changed: true }));
}

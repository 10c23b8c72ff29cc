/** `git fetch` brings the approvals of others along, since a rule with a threshold cannot be judged without them. */
import { approvalsRefspec } from "../policy/approval-refs.ts";
import type { ClientPlace } from "./client-place.ts";
import { defaultRemote } from "./governing.ts";
import type { InstallStep } from "./installation.ts";

/** Adds the refspec to the remote that policies are read from; does nothing in a clone without one. */
export async function installRefspec({ porcelain }: ClientPlace): Promise<readonly InstallStep[]> {
  const config = await porcelain.config();
  const remote = defaultRemote({ config });
  if (remote === null) return [];
  const key = `remote.${remote}.fetch`;
  const refspec = approvalsRefspec(remote);
  const there = config.getAll(key).includes(refspec);
  if (!there) await porcelain.addConfig(key, refspec);
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

/** What root does in a repository of another user, it does with that user's rights alone (seteuid(2)). */
import type { Owner } from "./files.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const actsFor = (owner: Owner): boolean => process.getuid?.() === 0 && owner.uid !== 0;

/**
 * Acts as the owner where this process is root's: whoever owns a repository decides by a link, or by a setting, which file
 * is written there, and could otherwise have root write any. One after another, since the whole process changes its rights.
 * Children keep root as their real user, so no program of the owner's may be run in here.
 */
export async function asOwner<T>(owner: Owner, act: () => Promise<T>): Promise<T> {
  if (!actsFor(owner) || process.geteuid?.() !== 0) return act();
  const groups = process.getgroups?.() ?? [];
  const group = process.getegid?.() ?? 0;
  try {
    process.setgroups?.([owner.gid]);
    process.setegid?.(owner.gid);
    process.seteuid?.(owner.uid);
    return await act();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(group);
    process.setgroups?.(groups);
  }
}

/** Without root's own configuration of git, which the owner cannot read, and git then dies of it. */
export function environmentOf(owner: Owner, caller: Variables): Variables {
  if (!actsFor(owner)) return caller;
  return { ...caller, HOME: undefined, XDG_CONFIG_HOME: undefined, GIT_CONFIG_GLOBAL: undefined };
}

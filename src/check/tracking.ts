import type { ObjectId, RefName } from "../model.ts";
import { listRefs } from "../io/refs.ts";
import type { Session } from "./session.ts";

interface Refspec {
  /** What comes before the `*`, or the whole name where there is none. */
  readonly from: string;
  readonly to: string;
  readonly pattern: boolean;
}

/**
 * The refs of a remote as last fetched, by the names they have there: `refs/heads/main` for what is kept as
 * `refs/remotes/origin/main`.
 */
export async function trackedRefs(session: Session, remote: string): Promise<ReadonlyMap<RefName, ObjectId>> {
  const refspecs = fetchRefspecs(session, remote);
  const folders = refspecs.map(({ to }) => to.replace(/\/[^/]*$/, ""));
  if (folders.length === 0) return new Map();
  const tracked = new Map<RefName, ObjectId>();
  for (const [name, { oid, symbolic }] of await listRefs(session.repository, [...new Set(folders)])) {
    const there = symbolic === null ? remoteName(refspecs, name) : null;
    if (there !== null) tracked.set(there, oid);
  }
  return tracked;
}

/** The name that a remote-tracking ref has on its remote; null for a ref that tracks nothing. */
export function trackedName(session: Session, ref: RefName): RefName | null {
  const remotes = new Set(session.config.values.flatMap(({ key }) => /^remote\.(.+)\.fetch$/s.exec(key)?.[1] ?? []));
  return remoteName(
    [...remotes].flatMap((remote) => fetchRefspecs(session, remote)),
    ref,
  );
}

function remoteName(refspecs: readonly Refspec[], name: RefName): RefName | null {
  for (const { from, to, pattern } of refspecs) {
    if (pattern && name.startsWith(to)) return `${from}${name.slice(to.length)}` as RefName;
    if (!pattern && name === to) return from as RefName;
  }
  return null;
}

/** `remote.<name>.fetch` values (git-fetch(1), refspec); negative ones and those that keep nothing are left out. */
function fetchRefspecs(session: Session, remote: string): readonly Refspec[] {
  return session.config.getAll(`remote.${remote}.fetch`).flatMap((value): Refspec[] => {
    const [, from, to] = /^\+?([^:^]+):([^:]+)$/.exec(value) ?? [];
    if (from === undefined || to === undefined) return [];
    const pattern = from.endsWith("*") && to.endsWith("*");
    return [pattern ? { from: from.slice(0, -1), to: to.slice(0, -1), pattern } : { from, to, pattern }];
  });
}

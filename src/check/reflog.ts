import type { ObjectId } from "../model.ts";
import { isObjectId } from "../encoding/identifiers.ts";
import { tryGit } from "../io/git.ts";
import { listRefs } from "../io/refs.ts";
import type { Session } from "./session.ts";

export interface OwnCommits {
  /** Commits that commands run in this clone made. */
  readonly made: ReadonlySet<ObjectId>;
  /** What HEAD first held, where it was not made here: what that reaches was there before. */
  readonly begun: ObjectId | null;
}

/** Moves of a ref to what was there already; git words them in `builtin/*.c`, in English whatever the language. */
const BROUGHT =
  /^(?:branch|checkout|clone|fetch|push|reset|update by push|remote)\b|fast-forward|\((?:start|finish)\)/i;

/** What the reflogs of HEAD and the local branches say; null where there are none. */
export async function ownCommits(session: Session): Promise<OwnCommits | null> {
  const heads = [...(await listRefs(session.repository, ["refs/heads"])).keys()].map((ref) =>
    Buffer.from(ref, "latin1").toString("utf8"),
  );
  const argv = ["log", "--walk-reflogs", "--format=%H %gs"];
  const made = new Set<ObjectId>();
  let begun: ObjectId | null = null;
  let isThere = false;
  for (const name of ["HEAD", ...heads]) {
    const { status, stdout } = await tryGit(session.repository, [...argv, name, "--"]);
    if (status !== 0) continue;
    let oldest: { readonly oid: ObjectId; readonly brought: boolean } | null = null;
    for (const line of stdout.toString("latin1").split("\n")) {
      const [, oid = "", how = ""] = /^([0-9a-f]+) (.*)$/s.exec(line) ?? [];
      if (!isObjectId(oid)) continue;
      isThere = true;
      const brought = BROUGHT.test(how);
      if (!brought) made.add(oid);
      oldest = { oid, brought };
    }
    if (name === "HEAD" && oldest?.brought === true) begun = oldest.oid;
  }
  return isThere ? { made, begun } : null;
}

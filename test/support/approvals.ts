/** Approvals put together by hand, so that any part of one can be wrong. */
import { createHash } from "node:crypto";
import type { ObjectId } from "../../src/model.ts";
import { LONGEST_APPROVAL, renderStatement, type ApprovalContent } from "../../src/subject/approval.ts";
import { preAuthentication, renderEnvelope } from "../../src/subject/dsse.ts";
import type { Person, PushServer } from "./push-server.ts";
import { sshSig } from "./ssh.ts";

export interface ApprovalOptions extends Partial<ApprovalContent> {
  /** Another key than the person's own. */
  readonly key?: Person["key"];
}

const now = (): number => Math.floor(Date.now() / 1000);

/** What of a commit in the clone an approval names. */
export function contentOf(server: PushServer, oid: string): ApprovalContent["commits"][number] {
  const [tree = "", ...parents] = server.clone
    .git(["rev-list", "--no-walk", "--format=%T %P", oid])
    .split("\n")
    .slice(-1)
    .flatMap((line) => line.trim().split(" "));
  return { tree: tree as ObjectId, parents: parents as ObjectId[] };
}

/** An envelope in which `who` approves commits of the clone for main. */
export function envelope(
  server: PushServer,
  who: Person,
  oids: readonly string[],
  options: ApprovalOptions = {},
): Buffer {
  const { key = who.key, ...more } = options;
  const at = more.at ?? now();
  const [first = ""] = oids;
  const root = server.clone.git(["rev-list", "--max-parents=0", first]).split("\n")[0] as ObjectId;
  const content: ApprovalContent = {
    deed: "approve",
    root,
    ref: "refs/heads/main" as ApprovalContent["ref"],
    commits: oids.map((oid) => contentOf(server, oid)),
    at,
    until: more.deed === "withdraw" ? null : at + LONGEST_APPROVAL,
    ...more,
  };
  const body = renderStatement(content);
  return renderEnvelope(body, "a hint", Buffer.from(sshSig(key, preAuthentication(body))));
}

/** A commit in the clone, by `who`, that adds envelopes under these trees to what stands at `parent`. */
export function approvalCommit(
  server: PushServer,
  who: Person,
  envelopes: readonly (readonly [tree: string, envelope: Buffer])[],
  parent: string | null = null,
): ObjectId {
  const files = envelopes.map(([tree, bytes]) => {
    const name = createHash("sha256").update(bytes).digest("hex");
    return [`${tree.slice(0, 2)}/${tree}/${name}.json`, bytes.toString("latin1")] as const;
  });
  return server.commit(who, { parents: parent === null ? [] : [parent], files: Object.fromEntries(files) });
}

/** `who` approves these commits: a refspec for the push. */
export function approval(
  server: PushServer,
  who: Person,
  oids: readonly string[],
  options: ApprovalOptions = {},
  parent: string | null = null,
): string {
  const bytes = envelope(server, who, oids, options);
  const trees = oids.map((oid) => [contentOf(server, oid).tree, bytes] as const);
  return `${approvalCommit(server, who, trees, parent)}:refs/signpolicy/approvals/${who.name}`;
}

/**
 * Attack: a signature by a retired key, dated into its good days, on a commit outside the range that nobody judges again and that is
 * not as git writes commits, so that it seems to have no date. Stopped by: check/walk.ts and check/outlines.ts, which read the date
 * of such a commit leniently, and where there is none take it that the commit may be newer than whatever builds on it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, mainRule, policyOf, principal, withServer, type PushServer } from "../support/push-server.ts";
import { sshSig } from "../support/ssh.ts";

const DAY = 86_400;
const NOW = Math.floor(Date.now() / 1000);
const GOOD = NOW - 100 * DAY;
const RETIRED = new Date((NOW - 50 * DAY) * 1000).toISOString().replace(/\.\d+Z/, "Z");

const tags = { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["*"], target: "any" } };
const policy = policyOf([{ ...mainRule, commits: { signedBy: ["*"] } }, tags], {
  principals: { alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), retired: RETIRED }] }) },
  groups: {},
});

/** A commit whose committer line is this, whatever git makes of it. */
function below(server: PushServer, committer: string): string {
  const tree = server.clone.emptyTree();
  const raw = `tree ${tree}\nauthor a <a@example.org> ${String(GOOD)} +0000\n${committer}\n\nold\n`;
  return server.clone.write("commit", Buffer.from(raw));
}

const COMMITTERS: readonly (readonly [string, string, string | null])[] = [
  ["as git writes it, older", `committer a <a@example.org> ${String(GOOD - DAY)} +0000`, null],
  ["as git writes it, newer", `committer a <a@example.org> ${String(GOOD + DAY)} +0000`, "claims to be older"],
  ["without a zone, older", `committer a <a@example.org> ${String(GOOD - DAY)}`, null],
  ["without a zone, newer", `committer a <a@example.org> ${String(GOOD + DAY)}`, "claims to be older"],
  [
    "twice, one of them newer",
    `committer a <a@example.org> ${String(GOOD - DAY)} +0000\ncommitter a <a@example.org> ${String(GOOD + DAY)} +0000`,
    "claims to be older",
  ],
  ["without a date", "committer a <a@example.org>", "has no date that can be read"],
  ["without an address", `committer a ${String(GOOD - DAY)} +0000`, "has no date that can be read"],
];

describe("a signature dated into the good days of its key, on a commit outside the range", () => {
  it.each(COMMITTERS)("whose committer line is %s (key-retired)", (_, committer, refused) =>
    withServer(policy, (server) => {
      const file = join(server.clone.root, "policy.json");
      writeFileSync(file, JSON.stringify(policy));
      const old = below(server, committer);
      const next = server.commit(alice, { parents: [old], date: GOOD });
      server.share();
      server.server.updateRef("refs/heads/main", next);
      const told = server.verify([`${old}..${next}`, "--as", "refs/heads/main"]);
      expect(told.status).toBe(refused === null ? 0 : 1);
      if (refused !== null) {
        expect(told.text).toContain("key-retired");
        expect(told.text.replace(/\s+/g, " ")).toContain(refused);
      }
    }),
  );

  it("or as a tag of such a commit (key-retired)", () =>
    withServer(policy, (server) => {
      for (const [, committer, refused] of COMMITTERS) {
        const target = below(server, committer);
        const payload = `object ${target}\ntype commit\ntag v1\ntagger alice <alice@example.org> ${String(GOOD)} +0000\n\nv1\n`;
        const tag = server.clone.write(
          "tag",
          Buffer.from(payload + Buffer.from(sshSig(alice.key, Buffer.from(payload))).toString()),
        );
        server.share();
        server.server.updateRef("refs/tags/v1", tag);
        const told = server.verify(["refs/tags/v1", "--no-walk"]);
        expect([committer, told.text.includes("key-retired")]).toEqual([committer, refused !== null]);
      }
    }));
});

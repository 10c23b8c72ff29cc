/**
 * Attack: somebody pushes again and again what our hook allows and git refuses afterwards (an `update` hook, a limit of git's own),
 * so that verdicts pile up on the server's disk, and `post-receive` reads them all at everybody's pushes.
 * Stopped by: io/pending-file.ts, which keeps the newest of them, by count and by bytes.
 */
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const folder = (server: PushServer): string => join(server.server.gitDir, "signpolicy", "pending");

/** Verdicts that nobody picked up, each a second older than the one before, the first an hour old. */
function pile(server: PushServer, count: number, bytes: number): void {
  for (let n = 0; n < count; n += 1) {
    const path = join(folder(server), `left-${String(n)}.json`);
    writeFileSync(path, "x".repeat(bytes));
    const at = Date.now() / 1000 - 3600 - n;
    utimesSync(path, at, at);
  }
}

describe("verdicts that no push picks up", () => {
  it("are left by a push that git refuses after us, and by none that we refuse", () =>
    withServer(policyOf([mainRule]), (server) => {
      server.server.config("receive.denyNonFastForwards", "true");
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      expect(readdirSync(folder(server))).toEqual([]);
      expect(server.push([`+${server.commit(null)}:refs/heads/main`]).status).not.toBe(0);
      expect(readdirSync(folder(server))).toEqual([]);
      for (const n of [1, 2]) {
        expect(server.push([`+${server.commit(alice)}:refs/heads/main`]).text).toContain("non-fast-forward");
        expect(readdirSync(folder(server))).toHaveLength(n);
      }
    }));

  it.each([
    ["count", 1500, 10, 999],
    ["bytes", 90, 1024 * 1024, 63],
  ])("are kept up to a limit of %s, the newest of them, and the push at hand has its own", (_, count, bytes, left) =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      pile(server, count, bytes);
      expect(server.push([`${server.commit(alice, { parents: [first] })}:refs/heads/main`]).status).toBe(0);
      const names = readdirSync(folder(server)).sort();
      expect(names).toHaveLength(left);
      expect(names).toEqual(Array.from({ length: left }, (_, n) => `left-${String(n)}.json`).sort());
      expect(statSync(folder(server)).mode & 0o077).toBe(0);
      const record = readFileSync(join(server.server.gitDir, "signpolicy", "record.jsonl"), "utf8")
        .trim()
        .split("\n");
      const entries = record.map((line) => JSON.parse(line) as { kind: string; rules?: string[] });
      const landed = entries.filter(({ kind }) => kind === "landed").map(({ rules }) => rules);
      expect(landed).toEqual([["main"], ["main"]]);
    }),
  );

  it("below the limits are left alone", () =>
    withServer(policyOf([mainRule]), (server) => {
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      pile(server, 200, 10);
      expect(server.push([`${server.commit(alice, { parents: [first] })}:refs/heads/main`]).status).toBe(0);
      expect(readdirSync(folder(server))).toHaveLength(200);
    }));
});

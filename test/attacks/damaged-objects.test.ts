/** An object that is cut off or damaged inside what is judged is a finding of its own, whatever git dies of over it. */
import { describe, expect, it } from "@jest/globals";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ObjectReader } from "../../src/io/objects.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId } from "../../src/model.ts";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";
import type { Repo } from "../support/repo.ts";

const DAMAGE: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  "cut off": (bytes) => bytes.subarray(0, bytes.length >> 1),
  "zeroed from the middle on": (bytes) => Buffer.concat([bytes.subarray(0, bytes.length >> 1), Buffer.alloc(400)]),
};

/** Gives back what was there before. */
function damage(repo: Repo, oid: string, how: (bytes: Buffer) => Buffer): () => void {
  const file = join(repo.gitDir, "objects", oid.slice(0, 2), oid.slice(2));
  const whole = readFileSync(file);
  chmodSync(file, 0o644);
  writeFileSync(file, how(whole));
  return () => writeFileSync(file, whole);
}

/** Commits in a line on the server's main. */
function line(server: PushServer, count: number): readonly ObjectId[] {
  const first = server.commit(alice);
  const all = [first, ...server.chain(alice, count - 1, first)];
  expect(server.push([`${all.at(-1) ?? ""}:refs/heads/main`]).status).toBe(0);
  return all;
}

describe("a damaged object", () => {
  it.each(Object.keys(DAMAGE))("%s is named by verify as one that cannot be read (missing-object)", async (name) => {
    await withServer(policyOf([mainRule]), (server) => {
      server.server.config("receive.unpackLimit", "1000");
      const all = line(server, 5);
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
      for (const oid of [all[2], all[4]] as const) {
        const mend = damage(server.server, oid ?? "", DAMAGE[name] ?? ((bytes) => bytes));
        for (const words of [["refs/heads/main"], [oid ?? "", "--as", "refs/heads/main", "--no-walk"]]) {
          const { status, text } = server.verify(words);
          expect(text).toContain(`missing-object`);
          expect(text).toContain(`${oid ?? ""} is damaged`);
          expect(status).toBe(1);
        }
        mend();
      }
      expect(server.verify(["refs/heads/main"]).status).toBe(0);
    });
  });

  it("under what is pushed refuses the push by name, and the next push works once it is mended (missing-object)", async () => {
    await withServer(policyOf([mainRule]), (server) => {
      const base = line(server, 2).at(-1) ?? "";
      const next = server.commit(alice, { parents: [base] });
      server.share();
      const mend = damage(server.server, next, DAMAGE["cut off"] ?? ((bytes) => bytes));
      const { status, text } = server.callHook("pre-receive", `${base} ${next} refs/heads/main\n`);
      expect(text).toContain("missing-object");
      expect(status).toBe(1);
      mend();
      expect(server.callHook("pre-receive", `${base} ${next} refs/heads/main\n`).status).toBe(0);
    });
  });

  it("leaves what is asked behind it to another git, in the order asked, up to a few of them", async () => {
    await withServer(policyOf([mainRule]), async (server) => {
      const all = line(server, 14);
      const repository = await findRepository(server.server.dir, server.server.env);
      const ask = async (broken: readonly number[]): Promise<readonly unknown[]> => {
        const mends = broken.map((n) => damage(server.server, all[n] ?? "", DAMAGE["cut off"] ?? ((bytes) => bytes)));
        const reader = new ObjectReader(repository);
        try {
          return await Promise.all(
            all.map((oid) =>
              reader.object(oid).then(
                (object) => (object.found === "yes" ? object.oid : object),
                () => "failed",
              ),
            ),
          );
        } finally {
          reader.close();
          for (const mend of mends) mend();
        }
      };
      const damaged = { found: "no", damaged: true };
      expect(await ask([])).toEqual(all);
      expect(await ask([0, 3, 4, 13])).toEqual(all.map((oid, n) => ([0, 3, 4, 13].includes(n) ? damaged : oid)));
      expect((await ask([...all.keys()])).slice(8)).toEqual(all.slice(8).map(() => "failed"));
    });
  });
});

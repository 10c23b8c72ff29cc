/**
 * Attack: trees of hundreds of thousands of entries, which pack into nothing and take ten times their size when parsed.
 * Stopped by: a cap on the bytes of a tree and of those that are kept (check/trees.ts).
 */
import { describe, expect, it } from "@jest/globals";
import { alice, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

/** A tree of this many files, each of the same content. */
function largeTree(server: PushServer, entries: number, prefix: string): string {
  const blob = Buffer.from(server.clone.write("blob", Buffer.from("x")), "hex");
  const rows = Array.from({ length: entries }, (_, at) => [
    Buffer.from(`100644 ${prefix}${String(at).padStart(7, "0")}\0`, "latin1"),
    blob,
  ]).flat();
  return server.clone.write("tree", Buffer.concat(rows));
}

const policy = policyOf([mainRule, { name: "tooling", paths: ["ci/**"], commits: { signedBy: ["alice"] } }]);
const pushMain = (server: PushServer, oid: string): string => server.push([`${oid}:refs/heads/main`]).text;

describe("trees that are larger than anybody's", () => {
  it("are refused by name, and large ones that are not are judged (resource-limit)", () =>
    withServer(policy, (server) => {
      const root = server.commit(alice, { files: { "src/a": "1" } });
      expect(pushMain(server, root)).toContain("-> main");
      const huge = server.commit(alice, { parents: [root], tree: largeTree(server, 240_000, "f") });
      const refused = pushMain(server, huge);
      expect(refused).toContain("resource-limit");
      expect(refused).toContain("rejected");
      const large = server.commit(bob, { parents: [root], tree: largeTree(server, 20_000, "f") });
      const passed = server.push([`${large}:refs/heads/main`]);
      expect(passed).toMatchObject({ status: 0 });
    }));
});

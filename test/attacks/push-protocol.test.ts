/**
 * Attack: a client that does not keep to what git's own would send: old values forged on the wire so that one command's
 * old value hides another's commits, refs that git's client refuses to name, shallow edges that hide history, pushes cut
 * off in the middle (rules 60 to 66).
 * Stopped by: the hook reads every ref itself (check/receive.ts) and asks git about nothing but full object ids.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { alice, bob, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";
import { rawPush } from "../support/raw-client.ts";

const ZERO = "0".repeat(40);
const MAIN = "refs/heads/main";
const open = policyOf([mainRule], { unmatched: "allow" });

function started(server: PushServer): string {
  const first = server.commit(alice);
  expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
  return first;
}

describe("old values forged on the wire", () => {
  it("takes the same push where they are true, so that the client is one that git takes", () =>
    withServer(open, (server) => {
      const first = started(server);
      const next = server.commit(alice, { parents: [first] });
      const result = rawPush(server, { commands: [{ ref: MAIN, old: first, new: next }], send: [next, `^${first}`] });
      expect(result.text).toContain(`ok ${MAIN}`);
      expect(server.value(MAIN)).toBe(next);
    }));

  it("lets no command's old value hide what another one brings (bad-input)", () =>
    withServer(open, (server) => {
      const first = started(server);
      const bad = server.commit(null, { parents: [first] });
      const tip = server.commit(alice, { parents: [bad] });
      const commands = [
        { ref: MAIN, old: bad, new: tip },
        { ref: "refs/heads/wip", old: ZERO, new: bad },
      ];
      for (const order of [commands, [...commands].reverse()]) {
        expect(rawPush(server, { commands: order, send: [tip, `^${first}`] }).text).toContain("bad-input");
      }
      expect(server.value(MAIN)).toBe(first);
      expect(server.value("refs/heads/wip")).toBeNull();
    }));

  it.each([
    ["no value, of a ref that has one", () => ZERO],
    ["the new value itself, so that nothing seems to move", (next: string) => next],
    ["a value that nobody has", () => "1".repeat(40)],
  ])("refuses %s (bad-input)", (_, claim) =>
    withServer(open, (server) => {
      const first = started(server);
      const bad = server.commit(null, { parents: [first] });
      const commands = [{ ref: MAIN, old: claim(bad), new: bad }];
      expect(rawPush(server, { commands, send: [bad, `^${first}`] }).text).toContain("bad-input");
      expect(server.value(MAIN)).toBe(first);
    }),
  );
});

describe("refs that git's own client would not name", () => {
  it.each(["HEAD", "refs/heads/../main", "main", "refs/heads/x.lock", "refs/heads/HEAD", "refs/remotes/origin/HEAD"])(
    "refuses the whole push with %s in it",
    (ref) =>
      withServer(policyOf([{ ...mainRule, refs: ["refs/**"] }]), (server) => {
        const first = started(server);
        const next = server.commit(alice, { parents: [first] });
        const commands = [
          { ref: MAIN, old: first, new: next },
          { ref, old: ZERO, new: next },
        ];
        const { text } = rawPush(server, { commands, send: [next, `^${first}`] });
        expect(text).toMatch(/bad-input|ref-unmatched|protocol error/);
        expect(server.value(MAIN)).toBe(first);
      }),
  );

  it("refuses what hides under a hidden ref, whose value the client was not told (unsigned, bad-input)", () =>
    withServer(policyOf([{ ...mainRule, refs: ["refs/heads/**"] }], { unmatched: "allow" }), (server) => {
      const first = started(server);
      server.server.config("receive.hideRefs", "refs/heads/main");
      server.server.config("receive.denyDeletes", "false");
      const bad = server.commit(null, { parents: [first] });
      for (const old of [ZERO, first]) {
        const both = [
          { ref: MAIN, old, new: bad },
          { ref: "refs/heads/other", old: ZERO, new: first },
        ];
        const { text } = rawPush(server, { commands: both, send: [bad, `^${first}`] });
        expect(text).toMatch(/bad-input|unsigned/);
        expect(server.value("refs/heads/other")).toBeNull();
      }
      expect(server.value(MAIN)).toBe(first);
    }));

  it.each(["loose", "packed"])(
    "knows %s refs by their bytes, which need be no UTF-8, and judges them as any other (unsigned, ref-rollback)",
    (kind) =>
      withServer(policyOf([{ ...mainRule, refs: ["refs/heads/**"], updates: { force: "deny" } }]), (server) => {
        const first = server.commit(alice);
        const next = server.commit(alice, { parents: [first] });
        const bad = server.commit(null, { parents: [next] });
        // What a text decoder makes of the one is the name of the other.
        const names = ["refs/heads/x\xff", "refs/heads/x\xef\xbf\xbd"];
        const move = (ref: string, old: string, to: string): string => {
          if (kind === "packed") server.server.git(["pack-refs", "--all"]);
          return rawPush(server, { commands: [{ ref, old, new: to }], send: [to] }).text;
        };
        for (const ref of names) expect(move(ref, ZERO, first)).toContain(`ok ${ref}`);
        for (const [at, ref] of names.entries()) {
          expect(move(ref, first, next)).toContain(`ok ${ref}`);
          expect(move(ref, next, bad)).toContain("unsigned");
          expect(move(ref, next, first)).toContain("ref-rollback");
          expect(move(ref, first, next)).toContain("bad-input");
          const standing = server.server.git(["for-each-ref", "--format=%(objectname)"]).split("\n");
          expect(standing.filter((oid) => oid === next)).toHaveLength(at + 1);
        }
      }),
  );

  it("refuses under a namespace, in which the same names are other refs (bad-input)", () =>
    withServer(policyOf([mainRule], { unmatched: "allow" }), (server) => {
      const first = started(server);
      const commands = [{ ref: MAIN, old: ZERO, new: first }];
      const { text } = rawPush(server, { commands, send: [first], env: { GIT_NAMESPACE: "fork" } });
      expect(text).toContain("bad-input");
      expect(server.value("refs/namespaces/fork/refs/heads/main")).toBeNull();
    }));
});

describe("what a pack leaves out", () => {
  it("judges a thin pack with the objects that it rests on (unsigned)", () =>
    withServer(open, (server) => {
      const files = { big: "line\n".repeat(2000) };
      const first = server.commit(alice, { files });
      expect(server.push([`${first}:${MAIN}`]).status).toBe(0);
      const push = (who: typeof alice | null): string => {
        const next = server.commit(who, { parents: [first], files: { big: `${files.big}more\n` } });
        const commands = [{ ref: MAIN, old: first, new: next }];
        return rawPush(server, { commands, send: [next, `^${first}`], thin: true }).text;
      };
      expect(push(null)).toContain("unsigned");
      expect(push(alice)).toContain(`ok ${MAIN}`);
    }));

  it("refuses edges of a shallow clone that would hide an unsigned parent (missing-object, shallow-history)", () =>
    withServer(open, (server) => {
      server.server.config("receive.shallowUpdate", "true");
      const hidden = server.commit(null);
      const tip = server.commit(alice, { parents: [hidden] });
      writeFileSync(join(server.clone.gitDir, "shallow"), `${tip}\n`);
      const commands = [{ ref: MAIN, old: ZERO, new: tip }];
      const { text } = rawPush(server, { commands, send: [tip], shallow: [tip] });
      expect(text).toMatch(/missing-object|shallow-history/);
      expect(server.value(MAIN)).toBeNull();
    }));

  it("names the ref whose object never came, beside a good one (missing-object)", () =>
    withServer(open, (server) => {
      const first = started(server);
      const next = server.commit(alice, { parents: [first] });
      const commands = [
        { ref: MAIN, old: first, new: next },
        { ref: "refs/heads/gone", old: ZERO, new: "1".repeat(40) },
      ];
      const { text } = rawPush(server, { commands, send: [next, `^${first}`] });
      expect(text).toContain("missing-object");
      expect(text).toContain("refs/heads/gone");
      expect(server.value(MAIN)).toBe(first);
    }));

  it("takes a push with nothing new, and one of nothing", () =>
    withServer(open, (server) => {
      const first = started(server);
      expect(rawPush(server, { commands: [{ ref: MAIN, old: first, new: first }], send: [first] }).text).toContain(
        "ok",
      );
      expect(rawPush(server, { commands: [] }).status).toBe(0);
      expect(server.push([`${first}:${MAIN}`]).text).toContain("up-to-date");
    }));

  it("takes nothing of a push whose connection broke, wherever it broke, and the next push works", () =>
    withServer(open, (server) => {
      const first = started(server);
      const next = server.commit(bob, { parents: [first] });
      const push = { commands: [{ ref: MAIN, old: first, new: next }], send: [next, `^${first}`] };
      for (const cutAt of [3, 40, 130, 200, 260, 400]) {
        rawPush(server, { ...push, cutAt });
        expect(server.value(MAIN)).toBe(first);
      }
      expect(rawPush(server, push).text).toContain(`ok ${MAIN}`);
    }));
});

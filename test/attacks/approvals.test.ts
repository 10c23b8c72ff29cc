/**
 * Attack: a commit that needs two people gets by with one: approvals for something else, by nobody who counts, twice by the
 * same person, expired, dated ahead, taken back, put where they are not looked at, or taken from a ref by whoever can push.
 * Stopped by: statements that name tree, parents, ref and root (check/approvals.ts), thresholds that count people
 * (policy/rules/threshold.ts), refs that take their owner's additions alone (check/approval-push.ts).
 */
import { describe, expect, it } from "@jest/globals";
import type { ObjectId, RefName } from "../../src/model.ts";
import { approval, approvalCommit, contentOf, envelope } from "../support/approvals.ts";
import { alice, bob, eve, person, policyOf, principal, type PushServer, withServer } from "../support/push-server.ts";

const carol = person("carol");
const robot = person("robot");
const now = Math.floor(Date.now() / 1000);
const DAY = 86_400;

const main = (more: object = {}, role: object = {}) =>
  policyOf([{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["team"], threshold: 2, ...more } }], {
    principals: {
      alice: principal(alice),
      bob: principal(bob),
      carol: principal(carol),
      robot: principal(robot, { role: "agent", owner: "alice", ...role }),
    },
    groups: { team: ["alice", "bob", "carol", "robot"] },
    unmatched: "allow",
  });

/** A commit by alice on what the server's main was begun with. */
function begin(server: PushServer): { root: ObjectId; commit: ObjectId } {
  const root = server.commit(alice, { files: { a: "1" } });
  server.hooks(false);
  expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return { root, commit: server.commit(alice, { parents: [root], files: { a: "2" } }) };
}

const unmet = (result: { status: number; text: string }): void => {
  expect(result.text).toContain("threshold-unmet");
  expect(result.status).not.toBe(0);
};

describe("a threshold of two", () => {
  it("is met by the signer and one approval in the same push, and by neither alone (threshold-unmet)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      unmet(server.push([`${commit}:refs/heads/main`]));
      const refs = [approval(server, bob, [commit]), `${commit}:refs/heads/main`];
      expect(server.push(refs)).toMatchObject({ status: 0 });
    }));

  it("is met by approvals that were there before, and by a signer who is none of those asked for", () =>
    withServer(main({ signedBy: ["bob", "carol"] }), (server) => {
      const { commit } = begin(server);
      expect(server.push([approval(server, bob, [commit])]).status).toBe(0);
      unmet(server.push([`${commit}:refs/heads/main`]));
      expect(server.push([approval(server, carol, [commit])]).status).toBe(0);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
    }));

  it("never is by approvals alone: the commit's own signature counts first (unsigned)", () =>
    withServer(main(), (server) => {
      const { root } = begin(server);
      const unsigned = server.commit(null, { parents: [root], email: alice.email });
      const refs = [approval(server, bob, [unsigned]), approval(server, carol, [unsigned])];
      expect(server.push([...refs, `${unsigned}:refs/heads/main`]).text).toContain("unsigned");
    }));

  it("counts one person once, with two keys or two approvals (threshold-unmet)", () => {
    const second = person("alice-laptop");
    const policy = main() as { principals: { alice: { keys: object[] } } };
    policy.principals.alice.keys.push({ ssh: second.key.line.trim() });
    return withServer(policy, (server) => {
      const { commit } = begin(server);
      const bytes = [envelope(server, alice, [commit]), envelope(server, alice, [commit], { key: second.key })];
      const { tree } = contentOf(server, commit);
      const twice = approvalCommit(
        server,
        alice,
        bytes.map((one) => [tree, one] as const),
      );
      unmet(server.push([`${twice}:refs/signpolicy/approvals/alice`, `${commit}:refs/heads/main`]));
    });
  });

  it.each([
    [
      "another tree",
      (server: PushServer, root: string) => server.commit(alice, { parents: [root], files: { a: "3" } }),
    ],
    [
      "another parent",
      (server: PushServer, root: string, commit: string) => {
        const other = server.commit(alice, { parents: [root], files: { a: "4" } });
        return server.commit(alice, { parents: [other], tree: server.clone.git(["rev-parse", `${commit}^{tree}`]) });
      },
    ],
  ])("is not met by an approval of %s (threshold-unmet)", (_, other) =>
    withServer(main(), (server) => {
      const { root, commit } = begin(server);
      const refs = [approval(server, bob, [other(server, root, commit)]), `${commit}:refs/heads/main`];
      unmet(server.push(refs));
    }),
  );

  it.each([
    ["for another ref", { ref: "refs/heads/other" as RefName }],
    ["for another repository", { root: "1".repeat(40) as ObjectId }],
    ["that expired", { at: now - 91 * DAY, until: now - DAY }],
    ["that is dated ahead", { at: now + 3600, until: now + DAY }],
  ])("is not met by an approval %s (threshold-unmet)", (_, content) =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      unmet(server.push([approval(server, bob, [commit], content), `${commit}:refs/heads/main`]));
    }),
  );

  it("takes no approval that lasts longer than ninety days (malformed)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const refs = [approval(server, bob, [commit], { until: now + 400 * DAY }), `${commit}:refs/heads/main`];
      expect(server.push(refs).text).toContain("malformed");
      expect(server.value("refs/signpolicy/approvals/bob")).toBeNull();
    }));

  it("counts no agent, bot or forge (ref-unmatched, threshold-unmet)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const result = server.push([approval(server, robot, [commit]), `${commit}:refs/heads/main`]);
      expect(result.text).toContain("ref-unmatched");
      server.hooks(false);
      expect(server.push([approval(server, robot, [commit])]).status).toBe(0);
      server.hooks(true);
      unmet(server.push([`${commit}:refs/heads/main`]));
    }));

  it.each([
    ["retired", { retired: "2020-01-01T00:00:00Z" }],
    ["compromised", { compromised: true }],
    ["expired", { until: "2020-01-01T00:00:00Z" }],
  ])("counts no %s key (threshold-unmet)", (_, mark) => {
    const policy = main() as { principals: { bob: { keys: object[] } } };
    const good = main();
    policy.principals.bob.keys = [{ ssh: bob.key.line.trim(), ...mark }];
    return withServer(good, (server) => {
      const { commit } = begin(server);
      expect(server.push([approval(server, bob, [commit])]).status).toBe(0);
      server.setPolicy(policy);
      unmet(server.push([`${commit}:refs/heads/main`]));
    });
  });

  it("counts no stranger, and no name over another's signature (unknown-key, signer-not-permitted)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const { tree } = contentOf(server, commit);
      const place = (who: typeof bob, bytes: Buffer) =>
        server.push([`${approvalCommit(server, who, [[tree, bytes]])}:refs/signpolicy/approvals/bob`]).text;
      expect(place(eve, envelope(server, eve, [commit]))).toContain("unknown-key");
      expect(place(bob, envelope(server, eve, [commit]))).toContain("unknown-key");
      expect(place(bob, envelope(server, carol, [commit]))).toContain("signer-not-permitted");
      expect(place(carol, envelope(server, bob, [commit]))).toContain("signer-not-permitted");
      expect(server.push([approval(server, eve, [commit])]).text).toContain("ref-unmatched");
    }));

  it("is unmet again once an approval is taken back, until the next one (threshold-unmet)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const first = approval(server, bob, [commit], { at: now - 20 });
      const taken = approval(server, bob, [commit], { deed: "withdraw", at: now - 10 }, first.split(":")[0]);
      expect(server.push([first]).status).toBe(0);
      expect(server.push([taken]).status).toBe(0);
      unmet(server.push([`${commit}:refs/heads/main`]));
      const again = approval(server, bob, [commit], { at: now }, taken.split(":")[0]);
      expect(server.push([again, `${commit}:refs/heads/main`]).status).toBe(0);
    }));
});

describe("a withdrawal", () => {
  const laptop = person("bob-laptop");
  const withKeys = (keys: readonly object[]) =>
    policyOf([{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"], threshold: 2 } }], {
      principals: { alice: principal(alice), bob: principal(bob, { keys }) },
    });
  const own = { ssh: bob.key.line.trim() };
  const other = { ssh: laptop.key.line.trim() };

  it.each([
    ["compromised", [own, { ...other, compromised: true }]],
    ["retired long ago", [own, { ...other, retired: "2020-01-01T00:00:00Z" }]],
    ["gone from the policy", [own]],
  ])("stands when the key that signed it is %s (threshold-unmet)", (_, keys) =>
    withServer(withKeys([own, other]), (server) => {
      const { commit } = begin(server);
      const given = approval(server, bob, [commit], { at: now - 100 });
      const tip = given.split(":")[0] ?? "";
      const taken = approval(server, bob, [commit], { deed: "withdraw", at: now - 50, key: laptop.key }, tip);
      expect(server.push([taken]).status).toBe(0);
      unmet(server.push([`${commit}:refs/heads/main`]));
      server.setPolicy(withKeys(keys));
      unmet(server.push([`${commit}:refs/heads/main`]));
      const again = approval(server, bob, [commit], { at: now }, taken.split(":")[0]);
      expect(server.push([again, `${commit}:refs/heads/main`]).status).toBe(0);
    }),
  );
});

describe("an envelope that cannot be read", () => {
  it("might be a withdrawal: approvals beside it do not count (threshold-unmet)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const { tree } = contentOf(server, commit);
      const good = [tree, envelope(server, bob, [commit])] as const;
      const place = (...envelopes: (readonly [string, Buffer])[]): void => {
        server.hooks(false);
        const put = approvalCommit(server, bob, envelopes);
        expect(server.push([`+${put}:refs/signpolicy/approvals/bob`]).status).toBe(0);
        server.hooks(true);
      };
      place(good, [tree, Buffer.from("{ cut off")]);
      unmet(server.push([`${commit}:refs/heads/main`]));
      place(good);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
    }));
});

describe("refs of approvals", () => {
  it("are never rewound, deleted or merged into, and lose nothing (ref-rollback, ref-deletion, malformed)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const ref = "refs/signpolicy/approvals/bob";
      const first = approval(server, bob, [commit]).split(":")[0] ?? "";
      const second = approval(server, bob, [commit], { at: now - 5 }, first).split(":")[0] ?? "";
      expect(server.push([`${second}:${ref}`]).status).toBe(0);
      expect(server.push([`+${first}:${ref}`]).text).toContain("ref-rollback");
      expect(server.push([`:${ref}`]).text).toContain("ref-deletion");
      expect(server.push([`+${approval(server, bob, [commit])}`]).text).toContain("ref-rollback");
      const emptied = server.commit(bob, { parents: [second], tree: server.clone.emptyTree() });
      expect(server.push([`${emptied}:${ref}`]).text).toContain("ref-rollback");
      const merge = server.commit(bob, { parents: [second, first] });
      expect(server.push([`${merge}:${ref}`]).text).toContain("malformed");
      expect(server.value(ref)).toBe(second);
    }));

  it("take envelopes in their place alone (malformed)", () =>
    withServer(main(), (server) => {
      const { root, commit } = begin(server);
      const ref = "refs/signpolicy/approvals/bob";
      const push = (files: Record<string, string>) => server.push([`${server.commit(bob, { files })}:${ref}`]).text;
      expect(push({ "README.md": "hello" })).toContain("malformed");
      const elsewhere = approvalCommit(server, bob, [[contentOf(server, root).tree, envelope(server, bob, [commit])]]);
      expect(server.push([`${elsewhere}:${ref}`]).text).toContain("malformed");
      const { tree } = contentOf(server, commit);
      const spoilt = envelope(server, bob, [commit]).toString("latin1").replace("{", "{ ");
      const name = `${tree.slice(0, 2)}/${tree}/${"0".repeat(64)}.json`;
      expect(push({ [name]: spoilt })).toContain("malformed");
    }));

  it("take nothing that adds no envelope, though their owner signed it, for another ref (malformed)", () =>
    withServer(main(), (server) => {
      const { root } = begin(server);
      const empty = server.commit(alice);
      const ref = "refs/signpolicy/approvals/alice";
      expect(server.push([`${empty}:${ref}`]).text).toContain("malformed");
      const [first] = [approval(server, alice, [root])];
      expect(server.push([first]).status).toBe(0);
      const standing = server.value(ref) ?? "";
      expect(server.push([`${server.commit(alice, { parents: [standing] })}:${ref}`]).text).toContain("malformed");
      expect(server.value(ref)).toBe(standing);
    }));

  it("are the only ones under refs/signpolicy/ (ref-unmatched)", () =>
    withServer(main(), (server) => {
      const { commit } = begin(server);
      const [oid] = approval(server, bob, [commit]).split(":");
      for (const ref of ["refs/signpolicy/approvals/bob/x", "refs/Signpolicy/approvals/bob", "refs/signpolicy/bob"]) {
        expect(server.push([`${oid ?? ""}:${ref}`]).text).toContain("ref-unmatched");
      }
    }));
});

describe("an approval for another ref", () => {
  const rule = { name: "branches", refs: ["refs/heads/main", "refs/heads/dev"], commits: { signedBy: ["devs"] } };
  const policy = policyOf([{ ...rule, commits: { ...rule.commits, threshold: 2 } }], { unmatched: "allow" });
  const forDev = { ref: "refs/heads/dev" as RefName };

  it("counts only there, until its rule has judged the commit there; verify agrees (threshold-unmet)", () =>
    withServer(policy, (server) => {
      const { commit } = begin(server);
      const approved = approval(server, bob, [commit], forDev);
      unmet(server.push([approved, `${commit}:refs/heads/main`]));
      unmet(server.push(["--atomic", approved, `${commit}:refs/heads/dev`, `${commit}:refs/heads/main`]));
      expect(server.push([approved, `${commit}:refs/heads/dev`]).status).toBe(0);
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
      expect(server.verify([`${commit}~..refs/heads/main`, "--as", "refs/heads/main"])).toMatchObject({ status: 0 });
    }));

  it("counts for none that its rule does not name, in an audit either (threshold-unmet)", () =>
    withServer(policy, (server) => {
      const { commit } = begin(server);
      const other = approval(server, bob, [commit], { ref: "refs/heads/other" as RefName });
      unmet(server.push([other, `${commit}:refs/heads/main`]));
      server.hooks(false);
      expect(server.push([other, `${commit}:refs/heads/main`]).status).toBe(0);
      expect(server.verify([`${commit}~..refs/heads/main`, "--as", "refs/heads/main"]).text).toContain(
        "threshold-unmet",
      );
    }));
});

describe("an approval that was stored", () => {
  it("counts for no push once its key is retired, by way of a branch that asks for none either (threshold-unmet)", () => {
    const rules = [
      { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"], threshold: 2 } },
      { name: "dev", refs: ["refs/heads/dev"], commits: { signedBy: ["devs"] } },
    ];
    const withBob = (key: object) =>
      policyOf(rules, { principals: { alice: principal(alice), bob: principal(bob, { keys: [key] }) } });
    const own = { ssh: bob.key.line.trim() };
    const retired = { ...own, retired: new Date((now - 5 * DAY) * 1000).toISOString().replace(/\.\d+/, "") };
    return withServer(withBob(own), (server) => {
      const root = server.commit(alice, { files: { a: "1" }, date: now - 9 * DAY });
      server.hooks(false);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      server.hooks(true);
      const commit = server.commit(alice, { parents: [root], files: { a: "2" } });
      expect(server.push([approval(server, bob, [commit], { at: now - 6 * DAY })]).status).toBe(0);
      server.setPolicy(withBob(retired));
      unmet(server.push([`${commit}:refs/heads/main`]));
      expect(server.push([`${commit}:refs/heads/dev`]).status).toBe(0);
      unmet(server.push([`${commit}:refs/heads/main`]));
      server.setPolicy(withBob(own));
      expect(server.push([`${commit}:refs/heads/main`]).status).toBe(0);
    });
  });
});

describe("verify", () => {
  it("cannot say without the approvals, and says who is missing with them (exit 3, threshold-unmet)", () =>
    withServer(main(), (server) => {
      const { root, commit } = begin(server);
      expect(server.push([approval(server, bob, [commit]), `${commit}:refs/heads/main`]).status).toBe(0);
      expect(server.verify([`${root}..refs/heads/main`, "--as", "refs/heads/main"])).toMatchObject({ status: 0 });
      const late = server.commit(alice, { parents: [commit], files: { a: "3" } });
      server.hooks(false);
      expect(server.push([`${late}:refs/heads/main`]).status).toBe(0);
      const denied = server.verify([`${root}..refs/heads/main`, "--as", "refs/heads/main"]);
      expect(denied.status).toBe(1);
      expect(denied.text).toContain("threshold-unmet");
      server.server.git(["update-ref", "-d", "refs/signpolicy/approvals/bob"]);
      const blind = server.verify([`${root}..refs/heads/main`, "--as", "refs/heads/main"]);
      expect(blind.status).toBe(3);
      expect(blind.text).not.toContain("threshold-unmet");
    }));

  it("counts a key that was retired since, but not where it is dated before what it approves (threshold-unmet)", () => {
    const retired = main() as { principals: { bob: { keys: object[] } } };
    const since = new Date((now - 5 * DAY) * 1000).toISOString().replace(/\.\d+/, "");
    retired.principals.bob.keys = [{ ssh: bob.key.line.trim(), retired: since }];
    return withServer(retired, (server) => {
      const root = server.commit(alice, { files: { a: "1" }, date: now - 9 * DAY });
      const old = server.commit(alice, { parents: [root], files: { a: "2" }, date: now - 8 * DAY });
      const late = server.commit(alice, { parents: [old], files: { a: "3" }, date: now - DAY });
      const later = server.commit(alice, { parents: [late], files: { a: "4" }, date: now - DAY });
      server.hooks(false);
      const at = now - 6 * DAY;
      expect(server.push([approval(server, bob, [old, late, later], { at, until: at + 60 * DAY })]).status).toBe(0);
      expect(server.push([`${later}:refs/heads/main`]).status).toBe(0);
      const verify = (range: string) => server.verify([range, "--as", "refs/heads/main"]);
      expect(verify(`${root}..${late}`)).toMatchObject({ status: 0 });
      expect(verify(`${late}..${later}`).text).toContain("threshold-unmet");
    });
  });

  it("still counts in history what has expired since it was needed", () =>
    withServer(main(), (server) => {
      const old = now - 200 * DAY;
      const root = server.commit(alice, { files: { a: "1" }, date: old });
      const commit = server.commit(alice, { parents: [root], files: { a: "2" }, date: old + 60 });
      const late = server.commit(alice, { parents: [commit], files: { a: "3" } });
      server.hooks(false);
      const at = old + 100;
      expect(server.push([approval(server, bob, [commit, late], { at, until: at + DAY })]).status).toBe(0);
      expect(server.push([`${late}:refs/heads/main`]).status).toBe(0);
      const range = ["--as", "refs/heads/main"];
      expect(server.verify([`${root}..${commit}`, ...range]).status).toBe(0);
      expect(server.verify([`${commit}..${late}`, ...range]).text).toContain("threshold-unmet");
    }));
});

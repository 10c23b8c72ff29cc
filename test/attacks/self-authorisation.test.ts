/**
 * Attack: a push brings the policy that allows it: a key added, a rule dropped, the file removed, emptied, linked away,
 * or the branch that holds it rewound (Guix, sequoia-git, bitcoin verify-commits: "can't use an untrusted script to
 * verify itself").
 * Stopped by: the policy is read from where it stood before the push (check/governing.ts), plain blobs only, and a
 * commit that changes it needs a human of `signedBy` (policy/rules/policy-change.ts).
 */
import { describe, expect, it } from "@jest/globals";
import {
  alice,
  bob,
  eve,
  mainRule,
  person,
  policyOf,
  principal,
  withServer,
  type PushServer,
} from "../support/push-server.ts";

const POLICY = ".signpolicy.json";
const bot = person("bot");

const inRepo = (more: object = {}, rule: object = mainRule): string =>
  JSON.stringify({
    ...policyOf([rule], { unmatched: "allow", ...more }),
    principals: { alice: principal(alice), bob: principal(bob), bot: principal(bot, { role: "bot" }) },
  });

/** A server whose main already holds the policy, taken in while the hooks were off. */
function started(server: PushServer, policy = inRepo()): string {
  server.hooks(false);
  const first = server.commit(alice, { files: { [POLICY]: policy, "keys/alice.pub": "x" } });
  expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
  server.hooks(true);
  return first;
}

const push = (server: PushServer, oid: string, force = ""): string =>
  server.push([`${force}${oid}:refs/heads/main`]).text;

describe("a push that authorises itself", () => {
  it("accepts a signed commit by the policy on main, and refuses a stranger's", () =>
    withServer(null, (server) => {
      const first = started(server);
      expect(push(server, server.commit(eve, { parents: [first] }))).toContain("unknown-key");
      expect(push(server, server.commit(bob, { parents: [first] }))).toContain("-> main");
    }));

  it("is judged by the policy from before it (unknown-key)", () =>
    withServer(null, (server) => {
      const first = started(server);
      const policy = inRepo({ groups: { devs: ["alice", "bob", "eve"] } }).replace(
        '"alice":{',
        `"eve":${JSON.stringify(principal(eve))},"alice":{`,
      );
      const own = server.commit(eve, { parents: [first], files: { [POLICY]: policy } });
      expect(push(server, own)).toContain("unknown-key");
      const onTop = server.commit(alice, { parents: [own] });
      expect(push(server, onTop)).toContain("unknown-key");
    }));

  it("lets a human change the policy, and judges the next push by the new one", () =>
    withServer(null, (server) => {
      const first = started(server);
      const policy = inRepo({ groups: { devs: ["alice"] } });
      const change = server.commit(alice, { parents: [first], files: { [POLICY]: policy } });
      expect(push(server, change)).toContain("-> main");
      expect(push(server, server.commit(bob, { parents: [change] }))).toContain("signer-not-permitted");
    }));

  it("refuses a change of the policy by a bot that may sign everything else (policy-change)", () =>
    withServer(null, (server) => {
      const rule = { ...mainRule, commits: { signedBy: ["devs", "bot"] } };
      const first = started(server, inRepo({}, rule));
      const other = server.commit(bot, { parents: [first], files: { a: "b" } });
      expect(push(server, other)).toContain("-> main");
      const change = server.commit(bot, { parents: [other], files: { [POLICY]: `${inRepo({}, rule)}\n` } });
      expect(push(server, change)).toContain("policy-change");
    }));

  it("refuses a change of the policy by someone of `side` alone, merged by a maintainer (policy-change)", () =>
    withServer(null, (server) => {
      const rule = { ...mainRule, commits: { signedBy: ["alice"], side: ["*"] } };
      const first = started(server, inRepo({}, rule));
      const ordinary = server.commit(bob, { parents: [first], files: { a: "b" } });
      const merged = server.commit(alice, { parents: [first, ordinary], files: { a: "b" } });
      expect(push(server, merged)).toContain("-> main");
      const change = server.commit(bob, { parents: [merged], files: { [POLICY]: `${inRepo({}, rule)}\n` } });
      const merge = server.commit(alice, { parents: [merged, change], files: { [POLICY]: `${inRepo({}, rule)}\n` } });
      expect(push(server, merge)).toContain("policy-change");
    }));

  it.each([
    ["a second policy beside the first", { ".signpolicy.yaml": "version: 1\n" }],
    ["a policy at another place", { ".config/signpolicyrc": "{}" }],
  ])("refuses %s by a bot (policy-change)", (_, files) =>
    withServer(null, (server) => {
      const rule = { ...mainRule, commits: { signedBy: ["devs", "bot"] } };
      const first = started(server, inRepo({}, rule));
      expect(push(server, server.commit(bot, { parents: [first], files }))).toContain("policy-change");
    }),
  );

  it.each([
    ["is malformed", () => "{"],
    ["is of a version that nobody knows", () => inRepo({ version: 2 })],
    ["lost its serial", () => inRepo()],
    ["lowers its serial", () => inRepo({ serial: 6 })],
    ["changes under the same serial", () => inRepo({ serial: 7, groups: { devs: ["alice"] } })],
  ])("refuses a policy that %s, so that nobody bricks the next push (policy-change)", (_, next) =>
    withServer(null, (server) => {
      const first = started(server, inRepo({ serial: 7 }));
      const change = server.commit(alice, { parents: [first], files: { [POLICY]: next() } });
      expect(push(server, change)).toContain("policy-change");
      const risen = server.commit(alice, { parents: [first], files: { [POLICY]: inRepo({ serial: 8 }) } });
      expect(push(server, risen)).toContain("-> main");
    }),
  );

  it("denies every push once the policy is gone or linked away, whoever signs (policy-missing)", () =>
    withServer(null, (server) => {
      const first = started(server);
      server.hooks(false);
      const gone = server.commit(alice, { parents: [first], tree: server.tree({ a: "b" }) });
      server.push([`${gone}:refs/heads/main`]);
      server.hooks(true);
      expect(push(server, server.commit(alice, { parents: [gone] }))).toContain("policy-missing");
      const blob = server.clone.write("blob", Buffer.from("elsewhere.json"));
      const tree = server.clone.git(["mktree"], { input: `120000 blob ${blob}\t${POLICY}\n` });
      server.hooks(false);
      const linked = server.commit(alice, { parents: [gone], tree });
      server.push([`${linked}:refs/heads/main`]);
      server.hooks(true);
      expect(push(server, server.commit(alice, { parents: [linked] }))).toContain("policy-missing");
    }));

  it("refuses to rewind or delete the branch that the policy is read from, whatever its rule says", () =>
    withServer(null, (server) => {
      server.server.config("receive.denyDeleteCurrent", "ignore");
      const first = started(server);
      const second = server.commit(alice, { parents: [first] });
      expect(push(server, second)).toContain("-> main");
      expect(push(server, first, "+")).toContain("ref-rollback");
      expect(server.push([":refs/heads/main"]).text).toContain("ref-deletion");
    }));

  it("reads a pinned ref by its full name, whatever HEAD names", () =>
    withServer(null, (server) => {
      const first = started(server);
      server.server.config("signpolicy.policyRef", "refs/heads/main");
      server.server.git(["symbolic-ref", "HEAD", "refs/heads/elsewhere"]);
      const next = server.commit(bob, { parents: [first] });
      expect(push(server, next)).toContain("-> main");
      server.server.config("signpolicy.policyRef", "main");
      expect(push(server, server.commit(bob, { parents: [next] }))).toContain("policy-missing");
    }));

  it.each(["tag", "tree", "blob"])(
    "reads no policy by way of a ref that is a %s, and says so (policy-missing)",
    (kind) =>
      withServer(null, (server) => {
        const first = started(server);
        const oids = {
          tag: server.tag(alice, "policy", first),
          tree: server.clone.git(["rev-parse", `${first}^{tree}`]),
          blob: server.clone.git(["rev-parse", `${first}:${POLICY}`]),
        } as Readonly<Record<string, string>>;
        server.share();
        server.server.updateRef("refs/tags/policy", oids[kind] ?? "");
        server.server.config("signpolicy.policyRef", "refs/tags/policy");
        const next = server.commit(bob, { parents: [first] });
        const refused = push(server, next).replace(/\s*\nremote:(?: error:)?\s*/g, " ");
        expect(refused).toContain("policy-missing");
        expect(refused).toContain(kind === "tag" ? "is an annotated tag" : `is a ${kind}`);
        expect(refused).toContain("signpolicy.policyRef refs/heads/NAME");
        server.server.updateRef("refs/tags/policy", first);
        expect(push(server, next)).toContain("-> main");
      }),
  );

  it("takes a first policy only from a history that holds the trust root an administrator named", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: inRepo() } });
      const foreign = server.commit(eve, { files: { [POLICY]: inRepo() } });
      expect(push(server, root)).toContain("policy-missing");
      server.server.config("signpolicy.trustRoot", root);
      expect(push(server, foreign)).toContain("policy-missing");
      expect(push(server, server.commit(eve, { parents: [root] }))).toContain("unknown-key");
      expect(push(server, server.commit(bob, { parents: [root] }))).toContain("-> main");
    }));

  it("counts a trust root as judged under the rules of its branch, so that what is built on it can be tagged", () =>
    withServer(null, (server) => {
      const tags = { name: "tags", refs: ["refs/tags/v*"], tags: { signedBy: ["devs"] } };
      const policy = JSON.parse(inRepo()) as { rules: object[] };
      const root = server.commit(null, {
        files: { [POLICY]: JSON.stringify({ ...policy, rules: [...policy.rules, tags] }) },
      });
      server.server.config("signpolicy.trustRoot", root);
      const next = server.commit(alice, { parents: [root] });
      expect(push(server, next)).toContain("-> main");
      expect(server.push([`${server.tag(alice, "v1", next)}:refs/tags/v1`]).status).toBe(0);
      expect(server.push([`${server.tag(alice, "v2", server.commit(null))}:refs/tags/v2`]).text).toContain(
        "tag-target",
      );
    }));

  it("denies where there is no policy at all, and says how to set one (policy-missing)", () =>
    withServer(null, (server) => {
      const result = server.push([`${server.commit(alice)}:refs/heads/main`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toContain("policy-missing");
      expect(result.text).toContain("--policy");
    }));
});

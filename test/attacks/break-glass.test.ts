/**
 * Attack: the way round the rules that is meant for emergencies is taken by one who may not, for a ref or a value that
 * nobody named, without leaving a trace, or to bring in what no emergency excuses.
 * Stopped by: policy/decide-override.ts (whose word counts), policy/override.ts (what it lifts, and where), check/push.ts (what
 * it lets in vouches for nothing else), the record.
 */
import { describe, expect, it } from "@jest/globals";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  alice,
  bob,
  eve,
  mainRule,
  policyOf,
  principal,
  withServer,
  type Person,
  type PushResult,
  type PushServer,
} from "../support/push-server.ts";
import { certificateOf, receiveSigned, SEED, type Move } from "../support/signed-push.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { itWith } from "../support/tools.ts";

const ZERO = "0".repeat(40);
const REASON = "registry is down";
const glass = { ...mainRule, override: ["alice"] };
const options = (...values: string[]): Readonly<Record<string, string>> => ({
  GIT_PUSH_OPTION_COUNT: String(values.length),
  ...Object.fromEntries(values.map((value, at) => [`GIT_PUSH_OPTION_${String(at)}`, value])),
});

const withGlass = <T>(policy: object, body: (server: PushServer) => T | Promise<T>): Promise<T> =>
  withServer(policy, (server) => {
    server.server.config("receive.certNonceSeed", SEED);
    server.server.config("receive.advertisePushOptions", "true");
    return body(server);
  });

const share = (server: PushServer): void =>
  cpSync(join(server.clone.gitDir, "objects"), join(server.server.gitDir, "objects"), { recursive: true });

interface Given {
  readonly who?: Person;
  readonly given?: readonly string[];
  /** What the certificate holds, where that is something else. */
  readonly certified?: readonly string[];
}

/** Runs `pre-receive` for a push that asks for an override. */
function override(
  server: PushServer,
  moves: readonly Move[],
  { who = alice, given, certified }: Given = {},
): PushResult {
  share(server);
  const values = given ?? [`signpolicy.override=${REASON}`];
  const certificate = certificateOf(who, server, { moves, options: certified ?? values });
  return receiveSigned(server, moves, certificate, options(...values));
}

const flat = ({ text }: PushResult): string => text.replace(/\s+(?:remote: )?(?:error|hint|warning):\s+/g, " ");
const create = (oid: string, ref = "refs/heads/main"): Move => ({ ref, old: ZERO, new: oid });

describe("an override", () => {
  const keygen = new SshKeygen();
  itWith(
    ["ssh-keygen"],
    "lets an unsigned commit land on the ref it names, says what to commit next, and is recorded",
    () => {
      const line = keygen.make("oncall", "ed25519").trim();
      const oncall = { emails: ["oncall@example.org"], keys: [{ ssh: line }] };
      const principals = { alice: principal(alice), bob: principal(bob), oncall };
      const rule = { ...mainRule, refs: ["refs/heads/main", "refs/heads/release"], override: ["oncall"] };
      return withGlass(policyOf([rule], { principals }), (server) => {
        const push = (refspec: string, ...more: string[]): PushResult => {
          const config = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${keygen.path("oncall")}`];
          const argv = [...config, "push", "--no-verify", ...more, `file://${server.server.dir}`, refspec];
          const { status, stdout, stderr } = server.clone.run("git", argv);
          return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
        };
        const oid = server.commit(null);
        expect(push(`${oid}:refs/heads/main`).text).toContain("unsigned");
        const landed = push(`${oid}:refs/heads/main`, "--signed", "-o", `signpolicy.override=${REASON}`);
        expect(landed.status).toBe(0);
        expect(server.value("refs/heads/main")).toBe(oid);
        const said = flat(landed).replace(/\s+/g, " ");
        expect(said).toContain(`override by oncall: ${REASON}`);
        expect(said).toContain(`{ commit: ${oid}, reason: "${REASON}", codes: [unsigned] }`);
        const record = readFileSync(join(server.server.gitDir, "signpolicy", "record.jsonl"), "utf8");
        const entry = JSON.parse(record.trimEnd().split("\n").at(-1) ?? "") as object;
        const by = { principal: "oncall", reason: REASON, codes: ["unsigned"] };
        expect(entry).toMatchObject({ kind: "landed", ref: "refs/heads/main", new: oid, rules: [], override: by });

        // It vouches for no other ref of the same rule, until the policy exempts the commit.
        const next = server.commit(alice, { parents: [oid] });
        expect(push(`${next}:refs/heads/main`).status).toBe(0);
        expect(push(`${next}:refs/heads/release`).text).toContain("unsigned");
        const exempt = [{ commit: oid, reason: REASON, codes: ["unsigned"] }];
        server.setPolicy(policyOf([rule], { principals, trust: { exempt } }));
        expect(push(`${next}:refs/heads/release`).status).toBe(0);
      });
    },
  );

  it("lifts a rewind and a deletion", () =>
    withGlass(policyOf([{ ...glass, updates: { force: "deny" } }]), (server) => {
      const old = server.commit(alice);
      expect(server.push([`${old}:refs/heads/main`]).status).toBe(0);
      const moves = [{ ref: "refs/heads/main", old, new: server.commit(alice) }];
      share(server);
      expect(receiveSigned(server, moves, certificateOf(alice, server, { moves })).text).toContain("ref-rollback");
      expect(override(server, moves).status).toBe(0);
      expect(override(server, [{ ref: "refs/heads/main", old, new: ZERO }]).status).toBe(0);
    }));

  it("is a word that a push which needs none may give", () =>
    withGlass(policyOf([glass]), (server) => {
      const result = override(server, [create(server.commit(alice))]);
      expect(result).toMatchObject({ status: 0, text: "" });
    }));
});

describe("an override by one who may not", () => {
  it.each<[string, object, Given, string]>([
    ["who is in no `override`", glass, { who: bob }, "signer-not-permitted"],
    ["whom the policy does not know", glass, { who: eve }, "unknown-key"],
    ["where no rule has one", mainRule, {}, "signer-not-permitted"],
    ["whose certificate does not hold the reason", glass, { certified: [] }, "bad-input"],
    ["whose certificate holds another reason", glass, { certified: ["signpolicy.override=release day"] }, "bad-input"],
    ["without a reason", glass, { given: ["signpolicy.override= "] }, "bad-input"],
    ["with two reasons", glass, { given: ["signpolicy.override=a", "signpolicy.override=b"] }, "bad-input"],
  ])("%s lifts nothing, and says why", (_, rule, given, code) =>
    withGlass(policyOf([rule]), (server) => {
      const result = override(server, [create(server.commit(null))], given);
      expect(result.status).toBe(1);
      expect(result.text).toContain("unsigned");
      expect(flat(result)).toContain("the override does not count");
      expect(result.text).toContain(code);
    }),
  );

  it("lifts nothing without a certificate, whatever stands in the environment (unsigned)", () =>
    withGlass(policyOf([glass]), (server) => {
      const oid = server.commit(null);
      const result = server.push([`${oid}:refs/heads/main`, "-o", `signpolicy.override=${REASON}`]);
      expect(result.status).not.toBe(0);
      expect(flat(result)).toContain("the override does not count");
      expect(flat(result)).toContain("git push --signed -o signpolicy.override=");
      expect(server.push([`${oid}:refs/heads/main`], options(`signpolicy.override=${REASON}`)).status).not.toBe(0);
    }));

  it("lifts nothing for another value of the ref, nor for a ref that the certificate leaves out (bad-input)", () =>
    withGlass(policyOf([glass], { unmatched: "allow" }), (server) => {
      const [named, other] = [server.commit(null), server.commit(null)];
      share(server);
      const given = [`signpolicy.override=${REASON}`];
      const certificate = certificateOf(alice, server, { moves: [create(named)], options: given });
      expect(receiveSigned(server, [create(other)], certificate, options(...given)).status).toBe(1);
      const rider = create(other, "refs/heads/rider");
      expect(receiveSigned(server, [create(named), rider], certificate, options(...given)).status).toBe(1);
      expect(receiveSigned(server, [create(named)], certificate, options(...given)).status).toBe(0);
    }));

  it("lifts nothing of a second rule that says the same and does not take that word (unsigned)", () =>
    withGlass(
      policyOf([glass, { name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] } }]),
      (server) => {
        const result = override(server, [create(server.commit(null))]);
        expect(result.status).toBe(1);
        expect(flat(result)).toContain('unsigned (rule "all")');
        server.setPolicy(
          policyOf([
            glass,
            { name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["devs"] }, override: ["alice"] },
          ]),
        );
        expect(override(server, [create(server.commit(null))]).status).toBe(0);
      },
    ));
});

describe("what no override lifts", () => {
  const refused = (server: PushServer, moves: readonly Move[], code: string): void => {
    const result = override(server, moves);
    expect(result.status).toBe(1);
    expect(result.text).toContain(code);
  };

  it("a signature that does not fit (bad-signature)", () =>
    withGlass(policyOf([glass]), (server) => {
      refused(server, [create(server.tamper(server.commit(alice)))], "bad-signature");
    }));

  it("bytes that are no commit, a branch that is none (malformed)", () =>
    withGlass(policyOf([glass]), (server) => {
      refused(server, [create(server.tag(alice, "v1", server.commit(alice)))], "malformed");
      const odd = server.clone.write("commit", Buffer.from(`tree ${server.tree({})}\n\nhello\n`));
      refused(server, [create(odd)], "malformed");
    }));

  it("objects that are not there (missing-object)", () =>
    withGlass(policyOf([glass]), (server) => {
      refused(server, [create("1".repeat(40))], "missing-object");
    }));

  it.each(["refs/replace/**", "refs/signpolicy/**"])("anything on %s", (refs) =>
    withGlass(policyOf([{ ...glass, refs: [refs] }]), (server) => {
      const ref = refs.replace("**", "a".repeat(40));
      const result = override(server, [create(server.commit(null), ref)]);
      expect(result.status).toBe(1);
      expect(result.text).toContain("unsigned");
    }),
  );

  it("a ref that no rule names (ref-unmatched)", () =>
    withGlass(policyOf([glass]), (server) => {
      const moves = [create(server.commit(alice)), create(server.commit(null), "refs/heads/other")];
      refused(server, moves, "ref-unmatched");
    }));

  it("an unsigned change of the policy, and the loss of it (policy-change)", () =>
    withServer(null, (server) => {
      server.server.config("receive.certNonceSeed", SEED);
      const text = (more: object): string => JSON.stringify(policyOf([glass], more));
      const root = server.commit(alice, { files: { ".signpolicy.json": text({}) } });
      server.server.config("signpolicy.trustRoot", root);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const change = server.commit(null, {
        parents: [root],
        files: { ".signpolicy.json": text({ unmatched: "allow" }) },
      });
      const move = { ref: "refs/heads/main", old: root };
      refused(server, [{ ...move, new: change }], "policy-change");
      refused(server, [{ ...move, new: server.commit(null) }], "policy-change");
      refused(server, [{ ...move, new: ZERO }], "ref-deletion");
      const done = override(server, [{ ...move, new: server.commit(null, { parents: [root] }) }]);
      expect(done.status === 0 ? "" : done.text).toBe("");
    }));

  it("in the chain on any ref but the one that it was lifted on (unsigned)", () =>
    withServer(null, (server) => {
      server.server.config("receive.certNonceSeed", SEED);
      const text = (level: string): string => {
        const lax = { name: "lax", refs: ["refs/heads/lax"], commits: { signedBy: ["devs"], level } };
        const refs = ["refs/heads/main", "refs/heads/topic"];
        return JSON.stringify(policyOf([{ ...glass, refs }, lax], { unmatched: "allow" }));
      };
      const root = server.commit(alice, { files: { ".signpolicy.json": text("error") } });
      server.server.config("signpolicy.trustRoot", root);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      const change = server.commit(alice, { parents: [root], files: { ".signpolicy.json": text("warn") } });
      expect(server.push([`${change}:refs/heads/main`]).status).toBe(0);
      // The policy in force lets it pass on one ref with a warning, the one that it is built on does not.
      const oid = server.commit(null, { parents: [root] });
      const move = create(oid, "refs/heads/topic");
      refused(server, [move, create(oid, "refs/heads/lax")], "unsigned");
      const done = override(server, [move]);
      expect(done.status === 0 ? "" : done.text).toBe("");
      server.server.git(["symbolic-ref", "refs/heads/alias", "refs/heads/main"]);
      const next = server.commit(null, { parents: [change] });
      const byAlias = override(server, [{ ref: "refs/heads/alias", old: change, new: next }]);
      expect(byAlias.status === 0 ? "" : byAlias.text).toBe("");
    }));

  it("a tag object that the chain denies and the policy in force does not (signer-not-permitted)", () =>
    withServer(null, (server) => {
      server.server.config("receive.certNonceSeed", SEED);
      const text = (signedBy: readonly string[]): string => {
        const tags = { name: "releases", refs: ["refs/tags/*"], tags: { signedBy }, override: ["alice"] };
        return JSON.stringify(policyOf([glass, tags]));
      };
      const root = server.commit(alice, { files: { ".signpolicy.json": text(["alice"]) } });
      server.server.config("signpolicy.trustRoot", root);
      expect(server.push([`${root}:refs/heads/main`]).status).toBe(0);
      // In force and in the chain bob may not: the override lifts both.
      const early = override(server, [create(server.tag(bob, "v1", root), "refs/tags/v1")]);
      expect(early.status === 0 ? "" : early.text).toBe("");
      const change = server.commit(alice, { parents: [root], files: { ".signpolicy.json": text(["devs"]) } });
      expect(server.push([`${change}:refs/heads/main`]).status).toBe(0);
      // In force he may now, so nothing was lifted that the chain could take over.
      refused(server, [create(server.tag(bob, "v2", root), "refs/tags/v2")], "signer-not-permitted");
      expect(server.push([`${server.tag(bob, "v3", change)}:refs/tags/v3`]).status).toBe(0);
    }));

  it("a tag on what an override alone lets into a branch of the same push (tag-target)", () => {
    const tags = { name: "releases", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } };
    return withGlass(policyOf([glass, tags]), (server) => {
      const oid = server.commit(null);
      const tag = create(server.tag(alice, "v1", oid), "refs/tags/v1");
      refused(server, [create(oid), tag], "tag-target");
      const good = server.commit(alice);
      expect(override(server, [create(good), create(server.tag(alice, "v1", good), "refs/tags/v1")]).status).toBe(0);
    });
  });
});

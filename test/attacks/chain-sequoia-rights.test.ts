/**
 * The rights of sequoia-git's suite in full: its flags are `signedBy` of commits and of tags, and the four rights over the policy.
 * `sign_archive` has no counterpart: no archive is judged here.
 * Stopped by: each typed difference of a policy takes its right (policy/policy-diff.ts, policy/authorise.ts).
 */
import { describe, expect, it, jest } from "@jest/globals";
import { changesBetween } from "../../src/check/policy-edits.ts";
import { openSession } from "../../src/check/session.ts";
import { findRepository } from "../../src/io/repository.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import {
  alice,
  bob,
  carol,
  eve,
  NOW,
  person,
  policyText,
  withHistory,
  type History,
} from "../support/authenticated.ts";

jest.setTimeout(60_000);

const RIGHTS = ["rules", "principals", "keys", "exempt"] as const;
type Right = (typeof RIGHTS)[number];
type Flag = Right | "sign_commit" | "sign_tag";
const dave = person("dave");

interface Granted {
  /** Who holds each flag beside alice, who holds all. */
  readonly flags: Readonly<Record<Flag, readonly string[]>>;
  readonly more?: object;
}

const NOBODY: Granted["flags"] = { rules: [], principals: [], keys: [], exempt: [], sign_commit: [], sign_tag: [] };

function policyOf({ flags, more = {} }: Granted): string {
  const held = Object.fromEntries(RIGHTS.map((right) => [right, ["alice", ...flags[right]]]));
  return policyText({
    people: [alice, bob, carol, eve],
    more: {
      administration: { ...held, threshold: 1 },
      rules: [
        { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["alice", ...flags.sign_commit] } },
        { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["alice", ...flags.sign_tag] } },
      ],
      ...more,
    },
  });
}

const all = ["bob", "carol", "eve"];
/** bob holds every right but this one, or for a flag that signs but `rules`; carol signs. eve has the flag, or gets it. */
function around(flag: Flag, withIt: boolean): Granted["flags"] {
  const signs = flag.startsWith("sign");
  const lacking = signs ? "rules" : flag;
  const held = RIGHTS.map((right) => [right, right === lacking ? [] : ["bob"]]);
  const own = { [flag]: [...(signs ? ["bob", "carol"] : []), ...(withIt ? ["eve"] : [])] };
  return { ...NOBODY, ...(Object.fromEntries(held) as object), sign_commit: all, sign_tag: all, ...own };
}

/** Whether eve can do what a flag lets her do, on top of a commit. */
async function uses(
  history: History,
  root: ObjectId,
  from: ObjectId,
  flag: Flag,
  flags: Granted["flags"],
): Promise<boolean> {
  if (flag === "sign_commit") return (await history.verify(root, [history.same(eve, [from])])).allowed;
  if (flag === "sign_tag") {
    history.repo.updateRef("refs/heads/main", from);
    history.tag(eve, "by-eve", from);
    return (await history.verify(root, ["refs/tags/by-eve"], { as: undefined })).allowed;
  }
  const principals = (JSON.parse(policyOf({ flags })) as { principals: Record<string, { keys: object[] }> }).principals;
  const [line] = principals["carol"]?.keys ?? [];
  const next: Readonly<Record<Right, object>> = {
    rules: { unmatched: "allow" },
    principals: { principals: { ...principals, dave: { emails: [dave.email], keys: [] } } },
    keys: {
      principals: {
        ...principals,
        carol: { ...principals["carol"], keys: [{ ...line, retired: "2026-01-01T00:00:00Z" }] },
      },
    },
    exempt: { trust: { exempt: [{ commit: "1".repeat(40), reason: "x" }] } },
  };
  return (await history.verify(root, [history.change(eve, [from], policyOf({ flags, more: next[flag] }))])).allowed;
}

describe("sequoia-git: authorize flag matrix", () => {
  it.each<[Flag, string]>([
    ["sign_commit", "sign_commit"],
    ["sign_tag", "sign_tag"],
    ["principals", "add_user"],
    ["keys", "retire_user"],
    ["exempt", "audit"],
    ["rules", "everything else"],
  ])("%s (%s): given and taken back by who holds it and may give it alone, and it does what it says", (flag) =>
    withHistory(async (history) => {
      const [without, withIt] = [around(flag, false), around(flag, true)];
      const [plain, granted] = [policyOf({ flags: without }), policyOf({ flags: withIt })];
      for (const [before, after, flags] of [
        [plain, granted, withIt],
        [granted, plain, without],
      ] as const) {
        const root = history.root(before);
        for (const who of [bob, carol, eve]) {
          // Who may not sign at all is refused for that.
          const { allowed, codes } = await history.verify(root, [history.change(who, [root], after)]);
          expect([flag, who.name, allowed]).toEqual([flag, who.name, false]);
          expect(["policy-change", "signer-not-permitted"]).toContain(codes[0]);
        }
        const changed = history.change(alice, [root], after);
        expect((await history.verify(root, [changed])).allowed).toBe(true);
        expect([flag, await uses(history, root, changed, flag, flags)]).toEqual([flag, flags === withIt]);
      }
    }),
  );

  it("a right that is held is not one that may be given: add_user gives no audit, and audit no add_user (policy-change)", () =>
    withHistory(async (history) => {
      for (const [held, given] of [
        ["principals", "exempt"],
        ["exempt", "principals"],
        ["keys", "rules"],
        ["rules", "keys"],
      ] as const) {
        const signers = { ...NOBODY, sign_commit: all };
        const root = history.root(policyOf({ flags: { ...signers, [held]: ["bob"] } }));
        const next = policyOf({ flags: { ...signers, [held]: ["bob"], [given]: ["bob"] } });
        expect((await history.verify(root, [history.change(bob, [root], next)])).codes).toEqual(["policy-change"]);
      }
    }));
});

describe("sequoia-git: keyring", () => {
  const keysOf = (...lines: readonly object[]): string => {
    const text = policyOf({ flags: { ...NOBODY, sign_commit: all } });
    const policy = JSON.parse(text) as { principals: Record<string, object> };
    return JSON.stringify({
      ...policy,
      principals: { ...policy.principals, carol: { emails: [carol.email], keys: lines } },
    });
  };
  const [own, second] = [{ ssh: carol.key.line.trim() }, { ssh: dave.key.line.trim() }];

  it("keyring_add_certificate, keyring_remove_certificate: by who holds `keys`, and by no other user (policy-change)", () =>
    withHistory(async (history) => {
      for (const [before, after] of [
        [keysOf(own), keysOf(own, second)],
        [keysOf(own, second), keysOf(own)],
        [keysOf(own), keysOf(second)],
      ] as const) {
        const root = history.root(before);
        expect((await history.verify(root, [history.change(alice, [root], after)])).allowed).toBe(true);
        for (const who of [bob, carol]) {
          expect((await history.verify(root, [history.change(who, [root], after)])).codes).toEqual(["policy-change"]);
        }
      }
      const root = history.root(keysOf(own));
      const swapped = history.change(alice, [root], keysOf(second));
      expect((await history.verify(root, [history.same({ ...carol, key: dave.key }, [swapped])])).allowed).toBe(true);
      expect((await history.verify(root, [history.same(carol, [swapped])])).codes).toEqual(["unknown-key"]);
    }));

  it("diff: nothing of a policy and itself, and what changed with its right otherwise", () =>
    withHistory(async (history) => {
      const before = history.root(keysOf(own));
      const after = history.change(alice, [before], keysOf(own, second));
      const told = await differencesOf(history, before, after);
      expect(await differencesOf(history, before, history.same(bob, [before]))).toEqual([]);
      expect(told.map(({ right, effect }) => [right, effect])).toEqual([["keys", "loosens"]]);
      const back = await differencesOf(history, after, before);
      expect(back.map(({ right, effect }) => [right, effect])).toEqual([["keys", "tightens"]]);
    }));
});

async function differencesOf(history: History, before: string, after: string) {
  const session = await openSession(await findRepository(history.repo.dir, history.repo.env));
  try {
    const stateOf = async (oid: string) => {
      const commit = await session.outlines.outline(oid as ObjectId);
      if (commit === null) throw new Error(`${oid} is no commit`);
      return session.states.at(commit);
    };
    const [was, is] = [await stateOf(before), await stateOf(after)];
    return was.id === is.id ? [] : await changesBetween(was, is, "refs/heads/main" as RefName, NOW);
  } finally {
    session.close();
  }
}

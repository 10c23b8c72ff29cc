import { describe, expect, it } from "@jest/globals";
import { unmetDemands } from "../../../src/policy/authorise.ts";
import { changeWords } from "../../../src/policy/change-words.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { diffPolicies, type ComparedKey, type ComparedPolicy } from "../../../src/policy/policy-diff.ts";
import { administratorsOf } from "../../../src/policy/rights.ts";
import { main, NOW } from "../../support/decisions.ts";

type Data = Record<string, unknown>;
const person = (id: string, more: Data = {}): Data => ({
  emails: [`${id}@example.org`],
  keys: [{ ssh: `ssh-ed25519 AAAA ${id}` }],
  ...more,
});
const base: Data = {
  version: 1,
  principals: { alice: person("alice"), bob: person("bob"), robot: person("robot", { role: "bot" }) },
  groups: { devs: ["alice", "bob"] },
  rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } }],
};
const rights = { rules: ["alice"], principals: ["alice"], keys: ["self", "alice"], exempt: ["alice"] };

/** Each key is known by the comment of its line, as if it were a fingerprint. */
async function compared(file: Data, content = ""): Promise<ComparedPolicy> {
  const policy = await parsePolicy(Buffer.from(JSON.stringify(file)), "policy");
  const keys = [...policy.principals.values()].flatMap(({ id, keys: own }) =>
    own.map((entry): ComparedKey => {
      const text = entry.source.kind === "text" ? entry.source.text : entry.source.path;
      return {
        principal: id,
        fingerprint: text.split(" ").at(-1) ?? "",
        content,
        revocations: [],
        statements: [],
        proven: false,
        entry,
      };
    }),
  );
  return { policy, keys, administrators: administratorsOf(policy, main, NOW) };
}

async function told(before: Data, after: Data): Promise<string[]> {
  const changes = diffPolicies(await compared(before), await compared(after));
  return changes.map((change) => `${change.effect} ${change.right}: ${changeWords(change)}`);
}

const aliceWith = (key: Data): Data => ({
  ...base,
  principals: {
    ...(base["principals"] as Data),
    alice: person("alice", { keys: [{ ssh: "ssh-ed25519 AAAA alice", ...key }] }),
  },
});
const withTrust = (trust: Data): Data => ({ ...base, trust });
const entry = (more: Data = {}): Data => ({ commit: "1".repeat(40), reason: "old", ...more });

describe("the difference of two policies", () => {
  it("is empty where they say the same in other words", async () => {
    const reordered = { ...base, groups: { devs: ["bob", "alice"] }, $schema: "x", serial: 4 };
    expect(await told(base, reordered)).toEqual([]);
  });

  it.each([
    [
      "a rule that is new",
      { rules: [...(base["rules"] as Data[]), { name: "dev", refs: ["refs/heads/dev"] }] },
      ["loosens rules: rules.dev is new"],
    ],
    ["`unmatched`", { unmatched: "allow" }, ["loosens rules: unmatched is allow"]],
    ["algorithms", { algorithms: { rsaBits: 3072 } }, ['loosens rules: algorithms is {"rsaBits":3072}']],
    ["trust.merges", { trust: { merges: "vouched" } }, ["loosens rules: trust.merges is vouched, was every"]],
    [
      "an exemption",
      { trust: { exempt: [entry()] } },
      [`loosens exempt: trust.exempt.commit:${"1".repeat(40)} is new`],
    ],
    [
      "a principal with a key",
      { principals: { ...(base["principals"] as Data), carol: person("carol") } },
      [
        "loosens principals: principals.carol adds human carol",
        "loosens keys: principals.carol.keys.carol adds the key",
      ],
    ],
    [
      "a member of a group, who comes to hold every right by it",
      {
        principals: { ...(base["principals"] as Data), carol: person("carol") },
        groups: { devs: ["alice", "bob", "carol"] },
      },
      [
        "loosens principals: principals.carol adds human carol",
        "loosens keys: principals.carol.keys.carol adds the key",
        "loosens all: groups.devs adds carol",
        "loosens all: administration is absent, so whoever may sign on a ref may change the policy there: now carol too",
      ],
    ],
  ])("names %s and the right it takes", async (_, more, expected) => {
    expect(await told(base, { ...base, ...more })).toEqual(expected);
  });

  it("sees an entry before one of the same CA, or before one for the same commit", async () => {
    const ca = (...names: string[]): Data => ({ sshCa: "ssh-ed25519 AAAA ca", principals: names });
    const keys = (...own: Data[]): Data => ({
      ...base,
      principals: { ...(base["principals"] as Data), alice: person("alice", { keys: own }) },
    });
    const added = "loosens keys: principals.alice.keys.ca adds the CA for eve@corp";
    expect(await told(keys(ca("alice@corp")), keys(ca("eve@corp"), ca("alice@corp")))).toEqual([added]);
    expect(await told(keys(ca("alice@corp")), keys(ca("alice@corp"), ca("eve@corp")))).toEqual([added]);
    expect(await told(keys(ca("alice@corp")), keys(ca("alice@corp", "eve@corp")))).toEqual([added]);
    expect(await told(keys(ca("alice@corp"), ca("eve@corp")), keys(ca("eve@corp", "alice@corp")))).toEqual([]);
    const opened = { ...ca("alice@corp"), until: "2030-01-01T00:00:00Z" };
    expect(await told(keys(opened, ca("eve@corp")), keys(ca("alice@corp", "eve@corp")))).toEqual([
      expect.stringContaining("loosens keys: principals.alice.keys.ca loses `until`"),
    ]);
    const wide = { reachableFrom: "1".repeat(40), reason: "old" };
    for (const exempt of [
      [wide, entry()],
      [entry(), wide],
    ]) {
      expect(await told(withTrust({ exempt: [entry()] }), withTrust({ exempt }))).toEqual([
        `loosens exempt: trust.exempt.reachableFrom:${"1".repeat(40)} is new`,
      ]);
    }
  });

  it("tells what tightens from what loosens, and back", async () => {
    const strict = {
      name: "main",
      refs: ["refs/heads/main"],
      commits: { signedBy: ["alice"], level: "error" },
      updates: { force: "deny" },
    };
    const loose = {
      name: "main",
      refs: ["refs/heads/main"],
      commits: { signedBy: ["alice", "bob"], level: "warn" },
      updates: { force: "allow" },
    };
    const [before, after] = [
      { ...base, rules: [loose] },
      { ...base, rules: [strict] },
    ];
    expect(await told(before, after)).toEqual([
      "tightens rules: rules.main.commits.signedBy removes bob",
      "tightens rules: rules.main.commits.level is error, was warn",
      "tightens rules: rules.main.updates.force is deny, was allow",
    ]);
    expect((await told(after, before)).every((line) => line.startsWith("loosens"))).toBe(true);
  });

  it.each([
    ["retired", { retired: "2026-01-01T00:00:00Z" }, {}],
    ["compromised", { compromised: true }, { compromised: "2026-01-01T00:00:00Z" }],
    ["until", { until: "2026-01-01T00:00:00Z" }, { until: "2027-01-01T00:00:00Z" }],
    ["from", { from: "2026-01-01T00:00:00Z" }, { from: "2025-01-01T00:00:00Z" }],
  ])("a stricter `%s` of a key tightens, taking it back loosens", async (mark, stricter, before) => {
    expect(await told(aliceWith(before), aliceWith(stricter))).toEqual([
      expect.stringMatching(`^tightens keys: principals.alice.keys.alice \`${mark}\` is `),
    ]);
    expect(await told(aliceWith(stricter), aliceWith(before))).toEqual([expect.stringMatching("^loosens keys: ")]);
  });

  it("a term of a group that is shortened tightens, one that is lengthened, moved or lifted loosens", async () => {
    const group = (...devs: (string | object)[]): Data => ({ ...base, groups: { devs } });
    const bob = (from: string | null, until: string | null): object => ({
      principal: "bob",
      ...(from === null ? {} : { from }),
      ...(until === null ? {} : { until }),
    });
    const [may, june, july] = ["2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"] as const;
    const ended = group("alice", bob(null, july));
    expect(await told(group("alice", "bob"), ended)).toEqual([
      `tightens all: groups.devs has bob until ${july}, was for good`,
    ]);
    expect(await told(ended, group("alice", bob(null, june)))).toEqual([
      `tightens all: groups.devs has bob until ${june}, was until ${july}`,
    ]);
    expect(await told(ended, group("alice", bob(may, june), bob(june, july)))).toEqual([
      `tightens all: groups.devs has bob from ${may} until ${june} and from ${june} until ${july}, was until ${july}`,
    ]);
    for (const later of [group("alice", "bob"), group("alice", bob(may, null))]) {
      expect((await told(ended, later)).filter((line) => !line.includes("administration"))).toEqual([
        expect.stringMatching(/^loosens all: groups.devs has bob /),
      ]);
    }
    expect(await told(group("alice"), ended)).toContain(`loosens all: groups.devs adds bob until ${july}`);
    expect(await told(ended, group("alice"))).toContain("tightens all: groups.devs removes bob");
  });

  it("whoever confirms a key loosens and cannot be its owner, and to take that back tightens", async () => {
    const [plain, confirmed] = [aliceWith({}), aliceWith({ confirmed: "2026-01-01T00:00:00Z" })];
    const [change] = diffPolicies(await compared(plain), await compared(confirmed));
    expect(change).toMatchObject({ right: "keys", effect: "loosens", own: null });
    expect(await told(plain, confirmed)).toEqual([
      "loosens keys: principals.alice.keys.alice confirms the key (2026-01-01T00:00:00Z)",
    ]);
    expect(await told(confirmed, aliceWith({ confirmed: "2026-02-01T00:00:00Z" }))).toHaveLength(1);
    expect(await told(confirmed, plain)).toEqual(["tightens keys: principals.alice.keys.alice is confirmed no more"]);
  });

  it("`retired` beside a revocation without a reason loosens, since it softens that", async () => {
    const soften = async (file: Data): Promise<ComparedPolicy> => {
      const plain = await compared(file);
      return { ...plain, keys: plain.keys.map((key) => ({ ...key, revocations: ["r"] })) };
    };
    const [change] = diffPolicies(await soften(base), await soften(aliceWith({ retired: "2026-01-01T00:00:00Z" })));
    expect(change).toMatchObject({ effect: "loosens", own: null });
  });

  it.each([
    ["exempt", withTrust({ exempt: [entry({ until: "2026-01-01T00:00:00Z" })] }), withTrust({ exempt: [entry()] })],
    [
      "fewer codes",
      withTrust({ exempt: [entry({ codes: ["unsigned"] })] }),
      withTrust({ exempt: [entry({ codes: ["unsigned", "unknown-key"] })] }),
    ],
    ["none", withTrust({ exempt: [] }), withTrust({ exempt: [entry()] })],
    ["merges", withTrust({ merges: "vouched" }), withTrust({ merges: "first-parent" })],
  ])("a shorter exemption or a stricter merge rule tightens (%s)", async (_, after, before) => {
    expect(await told(before, after)).toEqual([expect.stringMatching("^tightens ")]);
    expect(await told(after, before)).toEqual([expect.stringMatching("^loosens ")]);
  });
});

describe("who may make a change", () => {
  const granted = { ...base, administration: { ...rights, threshold: 1 } };
  const unmet = async (before: Data, after: Data, agreed: string[], renewed = "") => {
    const [was, is] = [await compared(before), await compared(after, renewed)];
    return unmetDemands(diffPolicies(was, is), was.administrators, new Set(agreed)).length;
  };

  it("without `administration` the humans in `signedBy`, never a bot", async () => {
    const open = {
      ...base,
      rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs", "robot"] } }],
    };
    const after = { ...open, unmatched: "allow" };
    expect(await unmet(open, after, ["bob"])).toBe(0);
    expect(await unmet(open, after, ["robot"])).toBe(1);
  });

  it("holders of the right alone", async () => {
    const after = { ...granted, unmatched: "allow" };
    expect(await unmet(granted, after, ["alice"])).toBe(0);
    expect(await unmet(granted, after, ["bob"])).toBe(1);
  });

  it("one holder for what tightens, the threshold for what loosens", async () => {
    const both = { rules: ["devs"], principals: ["devs"], keys: ["devs"], exempt: ["devs"], threshold: 2 };
    const [before, after] = [
      { ...base, administration: both, unmatched: "allow" },
      { ...base, administration: both, unmatched: "deny" },
    ];
    expect(await unmet(before, after, ["bob"])).toBe(0);
    expect(await unmet(after, before, ["bob"])).toBe(1);
    expect(await unmet(after, before, ["bob", "alice"])).toBe(0);
  });

  it("with `self` everybody for his own key: to retire and to renew it, not to extend it, nor another's", async () => {
    const ofBob = (key: Data) => ({
      ...granted,
      principals: {
        ...(base["principals"] as Data),
        bob: person("bob", { keys: [{ ssh: "ssh-ed25519 AAAA bob", ...key }] }),
      },
    });
    const retired = ofBob({ retired: "2026-01-01T00:00:00Z" });
    expect(await unmet(granted, retired, ["bob"])).toBe(0);
    expect(await unmet(retired, granted, ["bob"])).toBe(1);
    expect(await unmet(granted, retired, ["robot"])).toBe(1);
    const added = ofBob({});
    (added.principals["bob"] as { keys: Data[] }).keys.push({ ssh: "ssh-ed25519 AAAA second" });
    expect(await unmet(granted, added, ["bob"])).toBe(1);
    const was = await compared(granted, "old");
    const renewal = diffPolicies(
      { ...was, keys: was.keys.filter(({ principal }) => principal === "bob") },
      await compared(granted, "old").then((is) => ({
        ...is,
        keys: is.keys.filter(({ principal }) => principal === "bob").map((key) => ({ ...key, content: "new" })),
      })),
    );
    expect(renewal.map(({ message }) => message)).toEqual(["renews the certificate"]);
    expect(unmetDemands(renewal, was.administrators, new Set(["bob"]))).toHaveLength(0);
    expect(unmetDemands(renewal, was.administrators, new Set(["robot"]))).toHaveLength(1);
  });

  it("nobody gives a right that he does not hold", async () => {
    const apart = {
      ...base,
      administration: { rules: ["alice"], principals: ["bob"], keys: ["alice"], exempt: ["alice"] },
    };
    const given = { ...apart, administration: { ...apart.administration, rules: ["alice", "bob"] } };
    expect(await unmet(apart, given, ["alice"])).toBeGreaterThan(0);
    expect(await unmet(apart, given, ["alice", "bob"])).toBe(0);
    const all = { ...apart, administration: { ...apart.administration, rules: ["role:human"] } };
    const carol = { ...all, principals: { ...(base["principals"] as Data), carol: person("carol", { keys: [] }) } };
    expect(await unmet(all, carol, ["bob"])).toBe(0);
    const narrow = { ...all, administration: { ...all.administration, rules: ["alice"], exempt: ["role:human"] } };
    expect(
      await unmet({ ...narrow, principals: base["principals"] }, { ...narrow, principals: carol.principals }, [
        "alice",
      ]),
    ).toBe(1);
  });
});

import { describe, expect, it } from "@jest/globals";
import type { RecordEntry } from "../../../src/check/record-entries.ts";
import { RecordState } from "../../../src/check/record-state.ts";
import { hasUnmetRules, meetRules, tipsFromRecord } from "../../../src/check/tips.ts";
import type { RefValues } from "../../../src/io/refs.ts";
import type { ObjectId, RefName } from "../../../src/model.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { Policy, Rule } from "../../../src/policy/policy.ts";
import { mainRule, policyOf } from "../../support/push-server.ts";
import { stateFrom } from "../../support/record.ts";

const A = "a".repeat(40) as ObjectId;
const B = "b".repeat(40) as ObjectId;
const AT = "2026-01-01T00:00:00Z";
const NOW = 1_790_000_000;
const main = "refs/heads/main" as RefName;
const wip = "refs/heads/wip" as RefName;

const policy = (...rules: object[]): Promise<Policy> =>
  parsePolicy(Buffer.from(JSON.stringify(policyOf(rules))), "policy.json");

const refs = (values: Record<string, ObjectId>): RefValues =>
  new Map(Object.entries(values).map(([ref, oid]) => [ref as RefName, { oid, symbolic: null }]));

const read = (...entries: RecordEntry[]): RecordState =>
  stateFrom({ kind: "begin", v: 2, id: "x", at: AT, roots: [] }, ...entries);

const landed = (ref: RefName, oid: ObjectId, rules: string[]): RecordEntry => ({
  kind: "landed",
  at: AT,
  ref,
  old: null,
  new: oid,
  rules,
  forward: false,
  warned: [],
});

function ruleOf({ rules }: Policy, index: number): Rule {
  const rule = rules[index];
  if (rule === undefined) throw new Error("no such rule");
  return rule;
}

describe("meetRules", () => {
  it("takes what stands on a new rule's refs as its baseline, and nothing of other refs", async () => {
    const met = meetRules(await policy(mainRule), new RecordState(), refs({ [main]: A, [wip]: B }), AT);
    const signers = ["alice", "bob"];
    expect(met).toEqual([
      { kind: "met", at: AT, rule: "main", refs: ["refs/heads/main"], scope: "rule", tips: { [main]: A }, signers },
    ]);
  });

  it("takes what the record left on a ref before what stands there now", async () => {
    const record = read(landed(main, A, []));
    const [met] = meetRules(await policy(mainRule), record, refs({ [main]: B }), AT);
    expect(met?.tips).toEqual({ [main]: A });
  });

  it("has nothing to say of a rule that it met under the same patterns", async () => {
    const known = await policy(mainRule);
    const record = new RecordState();
    for (const entry of meetRules(known, record, refs({}), AT)) record.apply(entry);
    expect(hasUnmetRules(known, record, NOW)).toBe(false);
    expect(meetRules(known, record, refs({ [main]: A }), AT)).toEqual([]);
  });

  it("gives a widened rule the values of the refs it newly names, for each of them alone", async () => {
    const record = new RecordState();
    for (const entry of meetRules(await policy(mainRule), record, refs({ [main]: A }), AT)) record.apply(entry);
    const wider = await policy({ ...mainRule, refs: ["refs/heads/main", "refs/heads/wip"] });
    expect(hasUnmetRules(wider, record, NOW)).toBe(true);
    const [met] = meetRules(wider, record, refs({ [main]: B, [wip]: B }), AT);
    expect(met).toMatchObject({ scope: "ref", tips: { [wip]: B } });
  });
});

describe("meetRules, where rules change", () => {
  const known = async (record: RecordState, rules: object[], values: Record<string, ObjectId>) => {
    const entries = meetRules(await policy(...rules), record, refs(values), AT);
    for (const entry of entries) record.apply(entry);
    return entries;
  };
  const other = { ...mainRule, name: "other", refs: ["refs/heads/wip"], commits: { signedBy: ["bob"] } };
  const both = { ...mainRule, name: "both", refs: ["refs/heads/*"], commits: { signedBy: ["alice"] } };

  it("writes down once that a rule is gone, and once who else may sign", async () => {
    const record = new RecordState();
    await known(record, [mainRule, other], {});
    expect(await known(record, [mainRule], {})).toEqual([
      { kind: "met", at: AT, rule: "other", refs: [], scope: "rule", tips: {} },
    ]);
    expect(hasUnmetRules(await policy(mainRule), record, NOW)).toBe(false);
    const narrow = { ...mainRule, commits: { signedBy: ["alice"] } };
    expect(hasUnmetRules(await policy(narrow), record, NOW)).toBe(true);
    const met = { kind: "met", at: AT, rule: "main", refs: ["refs/heads/main"], tips: {}, signers: ["alice"] };
    expect(await known(record, [narrow], { [main]: A })).toEqual([{ ...met, scope: "ref" }]);
    expect(await known(record, [narrow], { [main]: A })).toEqual([]);
  });

  it("gives the rule in the place of two what each judged for its own ref alone, unless it takes all of its signers", async () => {
    const before = async (): Promise<RecordState> => {
      const record = new RecordState();
      await known(record, [mainRule, other], {});
      record.apply(landed(main, A, ["main"]));
      record.apply(landed(wip, B, ["other"]));
      return record;
    };
    const stand = { [main]: A, [wip]: B };
    const tips = async (rule: object): Promise<unknown> => {
      const met = await known(await before(), [rule], stand);
      return met.flatMap((entry) => (entry.rule === "both" ? [[entry.scope, entry.tips]] : []));
    };
    expect(await tips(both)).toEqual([
      ["rule", {}],
      ["ref", stand],
    ]);
    expect(await tips({ ...both, commits: { signedBy: ["bob"] } })).toEqual([
      ["rule", { [wip]: B }],
      ["ref", { [main]: A }],
    ]);
    expect(await tips({ ...both, commits: { signedBy: ["devs"] } })).toEqual([["rule", stand]]);
  });

  it("takes a rule that only warns from now on for gone, and one that always did for nobody's judge", async () => {
    const record = new RecordState();
    const warn = { ...mainRule, name: "warn", refs: ["refs/heads/*"], commits: { signedBy: ["bob"], level: "warn" } };
    await known(record, [mainRule, other, warn], { [main]: A, [wip]: A });
    record.apply(landed(wip, B, ["other"]));
    const quiet = { ...mainRule, commits: { signedBy: ["devs"], level: "warn" } };
    const [, met] = await known(record, [quiet, other, warn, both], { [main]: A, [wip]: B });
    expect(met).toMatchObject({ rule: "both", scope: "rule", tips: { [main]: A } });
  });
});

describe("tipsFromRecord", () => {
  it("counts what `base` refs' rules judged once, on a server of twenty thousand refs", async () => {
    const all = { ...mainRule, name: "all", refs: ["refs/heads/**"] };
    const release = {
      name: "release",
      refs: ["refs/tags/**"],
      commits: { signedBy: ["devs"], base: ["refs/heads/**"] },
    };
    const ruled = await policy(all, release);
    const tips = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`refs/heads/${at}`, at.toString(16).padStart(40, "0") as ObjectId]),
    );
    const record = read({ kind: "met", at: AT, rule: "all", refs: ["refs/heads/**"], scope: "rule", tips });
    const { user } = process.cpuUsage();
    expect(tipsFromRecord(ruled, record, NOW).shared(ruleOf(ruled, 1)).size).toBe(20_000);
    // For each ref on its own it takes four hundred million steps.
    expect(process.cpuUsage().user - user).toBeLessThan(5_000_000);
  });

  it("counts what `base` refs' rules judged, and only what every rule there passed", async () => {
    const release = { name: "release", refs: ["refs/heads/release/**"], commits: { signedBy: ["devs"], base: [main] } };
    const both = await policy(mainRule, release);
    expect([...tipsFromRecord(both, read(landed(main, A, ["main"])), NOW).shared(ruleOf(both, 1))]).toEqual([A]);
    const second = { ...mainRule, name: "second" };
    const three = await policy(mainRule, release, second);
    expect(tipsFromRecord(three, read(landed(main, A, ["main"])), NOW).shared(ruleOf(three, 1)).size).toBe(0);
  });

  it("takes values of rules without `commits` for nobody's history", async () => {
    const tags = { name: "tags", refs: ["refs/heads/**"], tags: { signedBy: ["devs"] } };
    const known = await policy(mainRule, tags);
    expect([...tipsFromRecord(known, read(landed(main, A, ["tags"])), NOW).any]).toEqual([]);
    expect([...tipsFromRecord(known, read(landed(main, B, ["main"])), NOW).any]).toEqual([B]);
  });
});

import { describe, expect, it } from "@jest/globals";
import { stateOf } from "../../../src/check/record-chain.ts";
import type { RecordEntry } from "../../../src/check/record-entries.ts";
import type { ObjectId, RefName } from "../../../src/model.ts";
import { fileOf, segmentFrom, stateFrom } from "../../support/record.ts";

const A = "a".repeat(40) as ObjectId;
const B = "b".repeat(40) as ObjectId;
const C = "c".repeat(40) as ObjectId;
const main = "refs/heads/main" as RefName;
const wip = "refs/heads/wip" as RefName;
const at = "2026-01-01T00:00:00Z";

const begin: RecordEntry = { kind: "begin", v: 2, id: "one", at, roots: [A] };
const met = (
  rule: string,
  refs: string[],
  tips: Record<string, string>,
  scope: "rule" | "ref" = "rule",
): RecordEntry => ({ kind: "met", at, rule, refs, scope, tips });
const landed = (
  ref: RefName,
  old: ObjectId | null,
  to: ObjectId | null,
  rules: string[],
  forward = true,
): RecordEntry => ({ kind: "landed", at, ref, old, new: to, rules, forward, warned: [] });

describe("the receive record", () => {
  it("counts a value that a rule passed as judged for every ref of the rule", () => {
    const record = stateFrom(begin, met("main", ["refs/heads/main"], {}), landed(main, null, A, ["main"]));
    expect(record.sharedTips("main").has(A)).toBe(true);
  });

  it("counts a value that no rule passed for its own ref alone, so that it launders nothing into another", () => {
    const record = stateFrom(begin, met("main", ["refs/heads/main"], {}), landed(wip, null, B, []));
    expect(record.ownTips("main", wip).has(B)).toBe(true);
    expect(record.ownTips("main", main).has(B)).toBe(false);
    expect(record.sharedTips("main").has(B)).toBe(false);
  });

  it("drops a value that a later one reaches, and keeps one that was rewound away", () => {
    const forward = stateFrom(begin, landed(main, null, A, ["main"]), landed(main, A, B, ["main"]));
    expect([...forward.sharedTips("main")]).toEqual([B]);
    const rewound = stateFrom(begin, landed(main, null, A, ["main"]), landed(main, A, B, ["main"], false));
    expect([...rewound.sharedTips("main")].sort()).toEqual([A, B]);
  });

  it("gives the baseline of a widened rule to the new ref alone", () => {
    const record = stateFrom(
      begin,
      met("main", ["refs/heads/main"], { [main]: A }),
      met("main", ["refs/heads/main", "refs/heads/wip"], { [wip]: C }, "ref"),
    );
    expect(record.ownTips("main", wip).has(C)).toBe(true);
    expect(record.ownTips("main", main).has(C)).toBe(false);
    expect([...record.sharedTips("main")]).toEqual([A]);
  });

  it("remembers where it left a ref, a deleted one included", () => {
    const record = stateFrom(begin, landed(main, null, A, []), landed(main, A, null, []));
    expect(record.left(main)).toBeNull();
    expect(record.left(wip)).toBeUndefined();
    expect(record.ownTips("main", main).size).toBe(0);
  });

  it("does not take a ref back when the first of two pushes is written down last", () => {
    const record = stateFrom(begin, landed(main, B, C, ["main"]), landed(main, A, B, ["main"]));
    expect(record.left(main)).toBe(C);
  });

  it("takes a ref back that was rewound", () => {
    const record = stateFrom(begin, landed(main, A, B, []), landed(main, B, A, [], false));
    expect(record.left(main)).toBe(A);
  });

  it("stands where an administrator took it up again", () => {
    const record = stateFrom(begin, landed(main, null, A, ["main"]), landed(wip, null, A, []), {
      kind: "baseline",
      at,
      lost: 7,
      refs: { [main]: B },
    });
    expect(record.left(main)).toBe(B);
    expect(record.left(wip)).toBeUndefined();
    expect([...record.sharedTips("main")]).toEqual([A]);
  });

  it("is the same from the first line of a later file as from all that came before, but for deleted refs", () => {
    const entries = [
      begin,
      met("main", ["refs/heads/main"], { [main]: A }),
      met("main", ["refs/heads/main", "refs/heads/wip"], { [wip]: C }, "ref"),
      landed(main, A, B, ["main"], false),
      landed("refs/heads/gone" as RefName, A, null, []),
    ];
    const before = segmentFrom(fileOf(...entries));
    const state = stateOf(before).save();
    const opening = { kind: "segment", at, id: "one", number: 2, state } as const;
    const line = `${JSON.stringify({ seq: before.head.seq + 1, prev: before.head.digest, ...opening })}\n`;
    const after = stateOf(segmentFrom(line));
    expect(after.save()).toEqual(state);
    expect(after.id).toBe("one");
    expect(after.roots).toEqual([A]);
    expect(after.left(wip)).toBe(C);
    expect([...after.ownTips("main", wip)]).toEqual([C]);
    expect(after.left("refs/heads/gone" as RefName)).toBeUndefined();
  });
});

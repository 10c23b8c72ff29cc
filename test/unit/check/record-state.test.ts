import { describe, expect, it } from "@jest/globals";
import { parseRecord, renderEntry, type RecordEntry } from "../../../src/check/record-state.ts";
import type { ObjectId, RefName } from "../../../src/model.ts";

const A = "a".repeat(40) as ObjectId;
const B = "b".repeat(40) as ObjectId;
const C = "c".repeat(40) as ObjectId;
const main = "refs/heads/main" as RefName;
const wip = "refs/heads/wip" as RefName;

const begin: RecordEntry = { kind: "begin", v: 1, id: "one", at: "2026-01-01T00:00:00Z" };
const met = (
  rule: string,
  refs: string[],
  tips: Record<string, string>,
  scope: "rule" | "ref" = "rule",
): RecordEntry => ({
  kind: "met",
  at: "2026-01-01T00:00:00Z",
  rule,
  refs,
  scope,
  tips,
});
const landed = (
  ref: RefName,
  old: ObjectId | null,
  to: ObjectId | null,
  rules: string[],
  forward = true,
): RecordEntry => ({
  kind: "landed",
  at: "2026-01-01T00:00:00Z",
  ref,
  old,
  new: to,
  policy: "sha256:0",
  rules,
  forward,
});
const read = (...entries: RecordEntry[]) => parseRecord(entries.map(renderEntry).join(""));

describe("the receive record", () => {
  it("counts a value that a rule passed as judged for every ref of the rule", () => {
    const record = read(begin, met("main", ["refs/heads/main"], {}), landed(main, null, A, ["main"]));
    expect(record.sharedTips("main").has(A)).toBe(true);
  });

  it("counts a value that no rule passed for its own ref alone, so that it launders nothing into another", () => {
    const record = read(begin, met("main", ["refs/heads/main"], {}), landed(wip, null, B, []));
    expect(record.ownTips("main", wip).has(B)).toBe(true);
    expect(record.ownTips("main", main).has(B)).toBe(false);
    expect(record.sharedTips("main").has(B)).toBe(false);
  });

  it("drops a value that a later one reaches, and keeps one that was rewound away", () => {
    const forward = read(begin, landed(main, null, A, ["main"]), landed(main, A, B, ["main"]));
    expect([...forward.sharedTips("main")]).toEqual([B]);
    const rewound = read(begin, landed(main, null, A, ["main"]), landed(main, A, B, ["main"], false));
    expect([...rewound.sharedTips("main")].sort()).toEqual([A, B]);
  });

  it("gives the baseline of a widened rule to the new ref alone", () => {
    const record = read(
      begin,
      met("main", ["refs/heads/main"], { [main]: A }),
      met("main", ["refs/heads/main", "refs/heads/wip"], { [wip]: C }, "ref"),
    );
    expect(record.ownTips("main", wip).has(C)).toBe(true);
    expect(record.ownTips("main", main).has(C)).toBe(false);
    expect([...record.sharedTips("main")]).toEqual([A]);
  });

  it("remembers where it left a ref, a deleted one included", () => {
    const record = read(begin, landed(main, null, A, []), landed(main, A, null, []));
    expect(record.left(main)).toBeNull();
    expect(record.left(wip)).toBeUndefined();
    expect(record.ownTips("main", main).size).toBe(0);
  });

  it("leaves out a last line that was cut off", () => {
    const whole = [begin, landed(main, null, A, ["main"])].map(renderEntry).join("");
    expect(parseRecord(`${whole}{"kind":"landed","ref":"refs/he`).left(main)).toBe(A);
  });

  it.each([
    ["a damaged line", `${renderEntry(begin)}nonsense\n`],
    ["a line of a kind we do not know", `${renderEntry(begin)}{"kind":"other"}\n`],
    ["a beginning that is missing", renderEntry(landed(main, null, A, []))],
    ["a second beginning", renderEntry(begin) + renderEntry(begin)],
    ["an id that is none", renderEntry(begin) + renderEntry(landed(main, null, "x" as ObjectId, []))],
  ])("refuses %s (ERR_RECORD_BROKEN)", (_, text) => {
    expect(() => parseRecord(text)).toThrowCode("ERR_RECORD_BROKEN");
  });
});

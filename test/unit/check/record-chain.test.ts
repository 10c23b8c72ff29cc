import { describe, expect, it } from "@jest/globals";
import { holdsLine, stateOf } from "../../../src/check/record-chain.ts";
import { renderEntries, type RecordEntry } from "../../../src/check/record-entries.ts";
import type { ObjectId, RefName } from "../../../src/model.ts";
import { fileOf, segmentFrom } from "../../support/record.ts";

const A = "a".repeat(40) as ObjectId;
const B = "b".repeat(40) as ObjectId;
const main = "refs/heads/main" as RefName;
const at = "2026-01-01T00:00:00Z";
const begin: RecordEntry = { kind: "begin", v: 2, id: "one", at, roots: [] };
const landed = (to: ObjectId): RecordEntry => ({
  kind: "landed",
  at,
  ref: main,
  old: null,
  new: to,
  rules: ["main"],
  forward: false,
  warned: [],
});
const text = fileOf(begin, landed(A), landed(B), landed(A));
const lines = text.trimEnd().split("\n");
const joined = (...some: (string | undefined)[]): string => some.map((line) => `${line ?? ""}\n`).join("");
const [first, second, third, fourth] = lines;

describe("the chain of the receive record", () => {
  it("reads what was written, and where it ends", () => {
    const segment = segmentFrom(text);
    expect(segment.entries.map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(segment.head).toEqual(renderEntries(null, [begin, landed(A), landed(B), landed(A)]).head);
    expect(segment.whole).toBe(text.length);
  });

  it("leaves out a last line that was cut off while it was written", () => {
    for (let cut = text.length - 1; cut > text.length - (fourth ?? "").length - 1; cut -= 1) {
      const segment = segmentFrom(text.slice(0, cut));
      expect(segment.entries).toHaveLength(3);
      expect(segment.whole).toBe(text.length - (fourth ?? "").length - 1);
      expect(stateOf(segment).left(main)).toBe(B);
    }
  });

  it.each([
    ["a line that was changed", text.replace('"new":"bbbb', '"new":"cccc')],
    ["a line that was dropped", joined(first, second, fourth)],
    ["lines that changed places", joined(first, third, second, fourth)],
    ["a line that was written twice", joined(first, second, second, third)],
    [
      "a line of another record",
      joined(first, second) + fileOf(begin, landed(B), landed(A)).split("\n").slice(2).join("\n"),
    ],
    ["a changed number", joined(first, (second ?? "").replace('"seq":1', '"seq":2'))],
    ["a line that is no JSON", joined(first, "nonsense")],
    ["an empty line", joined(first, "", second)],
    ["a line of a kind we do not know", joined(first, (second ?? "").replace('"landed"', '"other"'))],
    ["a beginning that is missing", joined(second, third)],
    ["a second beginning", joined(first, first)],
    ["a beginning that follows something", joined((first ?? "").replace('"prev":null', `"prev":"${"0".repeat(64)}"`))],
    ["an id that is none", joined(first, (second ?? "").replace(A, "x"))],
    [
      "a state that is none",
      joined('{"seq":3,"prev":"00","kind":"segment","at":"x","id":"one","number":2,"state":{}}'),
    ],
    ["a file without a whole line", (first ?? "").slice(0, 20)],
    ["an empty file", ""],
  ])("refuses %s (ERR_RECORD_BROKEN)", (_, damaged) => {
    expect(() => segmentFrom(damaged)).toThrowCode("ERR_RECORD_BROKEN");
  });

  it("tells whether it holds a line, the one that its first line follows included", () => {
    const segment = segmentFrom(text);
    const two = segmentFrom(joined(first, second)).head;
    expect(holdsLine(segment, two)).toBe(true);
    expect(holdsLine(segment, segment.head)).toBe(true);
    expect(holdsLine(segmentFrom(joined(first, second)), segment.head)).toBe(false);
    expect(holdsLine(segment, { seq: 1, digest: segment.head.digest })).toBe(false);
  });
});

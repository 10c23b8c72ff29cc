/** Receive records under random change: what is read is what was written, up to a line's beginning. */
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readSegment, stateOf } from "../../src/check/record-chain.ts";
import type { Segment } from "../../src/check/record-chain.ts";
import type { RecordEntry } from "../../src/check/record-entries.ts";
import { SignpolicyError } from "../../src/errors.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import { itHolds } from "../support/fuzz.ts";
import { bitFlip, edits, lineMoves } from "../support/mutations.ts";
import { fileOf } from "../support/record.ts";

const at = "2026-01-01T00:00:00Z";
const oid = fc.constantFrom("1", "2", "a", "f").map((digit) => digit.repeat(40) as ObjectId);
const ref = fc.constantFrom("refs/heads/main", "refs/heads/\xe4", "refs/tags/v1").map((name) => name as RefName);
const tips = fc.dictionary(ref, oid, { maxKeys: 3 });

const entry: fc.Arbitrary<RecordEntry> = fc.oneof(
  fc.record({
    kind: fc.constant("landed" as const),
    at: fc.constant(at),
    ref,
    old: fc.option(oid),
    new: fc.option(oid),
    rules: fc.subarray(["main", "tags"]),
    forward: fc.boolean(),
    warned: fc.subarray(["unsigned" as const]),
  }),
  fc.record({
    kind: fc.constant("met" as const),
    at: fc.constant(at),
    rule: fc.constantFrom("main", "tags"),
    refs: fc.array(ref, { maxLength: 2 }),
    scope: fc.constantFrom("rule" as const, "ref" as const),
    tips,
  }),
  fc.record({ kind: fc.constant("baseline" as const), at: fc.constant(at), lost: fc.option(fc.nat(9)), refs: tips }),
);
const begin: RecordEntry = { kind: "begin", v: 2, id: "one", at, roots: [] };
const records = fc.array(entry, { maxLength: 8 }).map((entries) => fileOf(begin, ...entries));

function readOrNull(text: string): Segment | null {
  try {
    return readSegment(Buffer.from(text, "latin1"), "record");
  } catch (error) {
    if (!(error instanceof SignpolicyError) || error.code !== "ERR_RECORD_BROKEN") throw error;
    return null;
  }
}

describe("a receive record", () => {
  itHolds("is read as it was written, and its state can be made", () =>
    fc.property(records, (text) => {
      const segment = readOrNull(Buffer.from(text).toString("latin1"));
      expect(segment?.entries.map((one) => JSON.stringify(one)).join("\n")).toBe(text.trimEnd());
      if (segment !== null) stateOf(segment);
    }),
  );

  // Whoever writes to the file can write the chain anew; what shows that is the end that the repository remembers.
  itHolds("that was changed is broken, or the beginning of what was written with at most its last line another", () => {
    const seeds = [fileOf(begin, { kind: "bound", at, roots: [] })].map((text) => Buffer.from(text));
    const change = fc.oneof(edits([Buffer.from("\n")], seeds), bitFlip, lineMoves(seeds));
    return fc.property(records, change, (text, damage) => {
      const changed = Buffer.from(damage(Buffer.from(text))).toString("latin1");
      const segment = readOrNull(changed);
      if (segment === null) return;
      stateOf(segment);
      const lines = changed.split("\n").slice(0, segment.entries.length - 1);
      expect(Buffer.from(text).toString("latin1").split("\n").slice(0, lines.length)).toEqual(lines);
    });
  });

  it("without a whole line is broken (ERR_RECORD_BROKEN)", () => {
    expect(readOrNull("")).toBeNull();
    expect(readOrNull(fileOf(begin).trimEnd())).toBeNull();
  });
});

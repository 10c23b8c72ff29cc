/** Indexes of random receive records: whatever was damaged, an answer is that of the whole record. */
import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import { readBehind, readSegment, stateOf } from "../../src/check/record-chain.ts";
import type { RecordEntry } from "../../src/check/record-entries.ts";
import { PROGRAM, readIndex, renderIndex } from "../../src/check/record-index.ts";
import { RecordState } from "../../src/check/record-state.ts";
import type { ObjectId, RefName } from "../../src/model.ts";
import type { PartlyRead } from "../../src/io/record-index-file.ts";
import { itHolds } from "../support/fuzz.ts";
import { fileOf } from "../support/record.ts";

const at = "2026-01-01T00:00:00Z";
const OIDS = Array.from({ length: 60 }, (_, n) => n.toString(16).padStart(40, "0") as ObjectId);
const REFS = Array.from({ length: 120 }, (_, n) => `refs/heads/\xe4/${String(n)}` as RefName);
const RULES = ["main", "tags", "paths"];

const oid = fc.constantFrom(...OIDS);
const ref = fc.constantFrom(...REFS);

const landed = fc.record({
  kind: fc.constant("landed" as const),
  at: fc.constant(at),
  ref,
  old: fc.option(oid),
  new: fc.option(oid),
  rules: fc.subarray(RULES),
  forward: fc.boolean(),
  warned: fc.constant([]),
});
const met = fc
  .record({
    rule: fc.constantFrom(...RULES),
    refs: fc.subarray(["refs/heads/**", "refs/tags/*"]),
    scope: fc.constantFrom("rule" as const, "ref" as const),
    tips: fc.dictionary(ref, oid, { maxKeys: 90 }),
    signers: fc.option(fc.subarray(["alice", "bob"]), { nil: undefined }),
    anew: fc.constantFrom(true as const, undefined),
    paths: fc.constantFrom(true as const, undefined),
  })
  .map(({ signers, anew, paths, ...entry }): RecordEntry => ({
    kind: "met",
    at,
    ...entry,
    ...(signers === undefined ? {} : { signers }),
    ...(anew === undefined ? {} : { anew }),
    ...(paths === undefined ? {} : { paths }),
  }));
const signed = oid.map((sha): RecordEntry => ({
  kind: "push",
  at,
  by: { via: null, name: null, uid: null },
  policy: null,
  certificate: { oid: sha, sha256: sha, signed: sha, principal: "alice", key: sha as never },
}));
const baseline = fc.dictionary(ref, oid).map((refs): RecordEntry => ({ kind: "baseline", at, lost: null, refs }));
const entry: fc.Arbitrary<RecordEntry> = fc.oneof(
  { arbitrary: landed, weight: 12 },
  { arbitrary: met, weight: 6 },
  { arbitrary: signed, weight: 1 },
  { arbitrary: baseline, weight: 1 },
);
const entries = fc.array(entry, { maxLength: 40 });
const begin: RecordEntry = { kind: "begin", v: 2, id: "one", at, roots: OIDS.slice(0, 2) };

const inMemory = (bytes: Buffer): PartlyRead => ({
  size: bytes.length,
  read: (from, length) => bytes.subarray(from, Math.max(from, from + length)),
  close: () => undefined,
});

/** Every answer that a state gives. */
const answers = (state: RecordState): unknown => [
  state.id,
  state.file,
  state.roots,
  state.isNew(),
  [...state.rulesInForce()].map(([name, { paths, patterns }]) => [name, paths, [...patterns].sort()]),
  [...state.refsKnown()].sort(),
  [...state.refsLeft()].sort(),
  REFS.map((name) => state.left(name)),
  OIDS.map((one) => [state.judgesOf(one), state.hasLanded(one)]),
  RULES.map((rule) => {
    const shared = state.sharedTips(rule);
    const patterns = [true, false].map((paths) => [...(state.patternsOf({ name: rule, paths }) ?? ["none"])].sort());
    const own = REFS.map((name) => [...state.ownTips(rule, name)].sort());
    return [patterns, state.signersOf(rule), shared.size, [...shared].sort(), OIDS.map((one) => shared.has(one)), own];
  }),
];

/** The same, asked in another order: what is read alone, and what after all was listed. */
const someAnswers = (state: RecordState): unknown => [
  REFS.map((name) => state.left(name)),
  RULES.map((rule) => OIDS.map((one) => state.sharedTips(rule).has(one))),
  RULES.map((rule) => REFS.map((name) => [...state.ownTips(rule, name)].sort())),
];

interface Made {
  readonly text: Buffer;
  readonly index: Buffer;
}

/** A record, and an index of its first lines. */
function make(before: readonly RecordEntry[], behind: readonly RecordEntry[]): Made {
  const text = Buffer.from(fileOf(begin, ...before, ...behind));
  const first = Buffer.from(fileOf(begin, ...before));
  const segment = readSegment(first, "record");
  const state = stateOf(segment);
  const place = { ...segment.head, bytes: first.length };
  return { text, index: renderIndex({ place, state: state.head(), tables: state.tables() }) };
}

/** As a push reads it; null where it would read the record. */
function recall({ text, index }: Made): RecordState | null {
  const known = readIndex(inMemory(index), ({ bytes }) =>
    stateOf(readSegment(text.subarray(0, bytes), "record")).tables(),
  );
  if (known?.program !== PROGRAM) return null;
  const state = RecordState.over(known.state, known.tables);
  for (const one of readBehind(text.subarray(known.place.bytes), "record", known.place).entries) state.apply(one);
  return state;
}

const whole = ({ text }: Made): RecordState => stateOf(readSegment(text, "record"));

describe("the index of a receive record", () => {
  itHolds(
    "answers as all of the record does, whatever was written behind it",
    () =>
      fc.property(entries, entries, (before, behind) => {
        const made = make(before, behind);
        const known = recall(made);
        expect(known).not.toBeNull();
        if (known === null) return;
        expect(someAnswers(known)).toEqual(someAnswers(whole(made)));
        expect(answers(known)).toEqual(answers(whole(made)));
      }),
    { runs: 150 },
  );

  itHolds(
    "is not believed, or asks the record, wherever one byte of it is another or its end is gone",
    () =>
      fc.property(
        entries,
        entries,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (before, behind, place, change, cut) => {
          const made = make(before, behind);
          const index = Buffer.from(made.index);
          const where = place % index.length;
          index[where] = (index[where] ?? 0) ^ change;
          const known = recall({ ...made, index: cut ? index.subarray(0, where) : index });
          if (known !== null) expect(answers(known)).toEqual(answers(whole(made)));
        },
      ),
    { runs: 400 },
  );

  itHolds(
    "of another record, or of the same one earlier, gives no block to this one",
    () =>
      fc.property(entries, entries, fc.nat(), (before, more, place) => {
        const made = make([...before, ...more], []);
        const other = make(before, more);
        const head = made.index.indexOf("\n") + 1 + Number(made.index.toString("latin1", 26, 35));
        const from = head + (place % Math.max(1, made.index.length - head));
        const index = Buffer.concat([made.index.subarray(0, from), other.index.subarray(from)]);
        const known = recall({ ...made, index });
        if (known !== null) expect(answers(known)).toEqual(answers(whole(made)));
      }),
    { runs: 150 },
  );
});

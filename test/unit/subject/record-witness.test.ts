import { describe, expect, it } from "@jest/globals";
import { latin1 } from "../../../src/encoding/bytes.ts";
import { parseRecordWitness } from "../../../src/subject/record-witness.ts";
import { ARMOR, SSH_ARMOR } from "../../support/objects.ts";

const A = "a".repeat(40);
const B = "b".repeat(64);
const HEAD = `signpolicy record witness 1\nrecord one\nroot ${A}\nhead 7 ${"c".repeat(64)}\nuntil 2026-01-02T00:00:00Z\n`;
const ARRIVALS = `2026-01-01T00:00:00Z ${A}\n2026-01-02T00:00:00Z ${B}\n`;
const parse = (text: string) => parseRecordWitness(Buffer.from(text, "latin1"));

describe("parseRecordWitness", () => {
  it("reads what record export writes", () => {
    const witness = parse(`${HEAD}\n${ARRIVALS}${SSH_ARMOR}`);
    expect(witness).toMatchObject({
      id: "one",
      roots: [A],
      head: { seq: 7, digest: "c".repeat(64) },
      until: Date.UTC(2026, 0, 2) / 1000,
      arrivals: [
        { at: Date.UTC(2026, 0, 1) / 1000, oid: A },
        { at: Date.UTC(2026, 0, 2) / 1000, oid: B },
      ],
    });
    expect(latin1(witness.payload)).toBe(`${HEAD}\n${ARRIVALS}`);
    expect(witness.signatures.map(({ format, bytes }) => [format, latin1(bytes)])).toEqual([["ssh", SSH_ARMOR]]);
  });

  it("reads one of nothing, and one that nobody signed", () => {
    expect(parse(`${HEAD}\n${ARMOR}`).arrivals).toEqual([]);
    expect(parse(`${HEAD}\n`).signatures).toEqual([]);
  });

  it.each([
    ["another version", `${HEAD.replace("witness 1", "witness 2")}\n${ARRIVALS}`],
    ["no record", `${HEAD.replace("record one\n", "")}\n${ARRIVALS}`],
    ["no last line", `${HEAD.replace(/head.*\n/, "")}\n${ARRIVALS}`],
    ["no date", `${HEAD.replace(/until.*\n/, "")}\n${ARRIVALS}`],
    ["a header that none has", `${HEAD}more x\n\n${ARRIVALS}`],
    ["no blank line", `${HEAD}${ARRIVALS}`],
    ["a time that is none", `${HEAD}\n${ARRIVALS.replace("2026-01-01", "yesterday")}`],
    ["an id that is none", `${HEAD}\n${ARRIVALS.replace(A, "abc")}`],
    ["a line that is cut off", `${HEAD}\n${ARRIVALS}`.slice(0, -1)],
    ["nothing", ""],
  ])("refuses %s (ERR_PARSE)", (_, text) => {
    expect(() => parse(text)).toThrowCode("ERR_PARSE");
  });
});

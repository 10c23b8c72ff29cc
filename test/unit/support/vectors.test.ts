import { describe, expect, it } from "@jest/globals";
import { parseVector } from "../../support/vectors.ts";

const parse = (text: string) => parseVector("case", Buffer.from(text), ["claimed"]);
const HEAD = "expect: verified\nsource: made by hand\ncomment: an example\n";

describe("the vector reader", () => {
  it("reads head and body", () => {
    const vector = parse(`${HEAD}claimed: 5\n\nbody\n\nmore`);
    expect(vector.head.get("claimed")).toEqual(["5"]);
    expect(vector.body.toString()).toBe("body\n\nmore");
  });
  it("fails on a head key it does not know", () => {
    expect(() => parse(`${HEAD}claimd: 5\n\nbody`)).toThrow("unknown head line");
  });
  it("fails where expect, source or comment is missing or repeated", () => {
    expect(() => parse("expect: verified\nsource: x\n\nbody")).toThrow("exactly one comment");
    expect(() => parse(`${HEAD}expect: refuted\n\nbody`)).toThrow("exactly one expect");
  });
});

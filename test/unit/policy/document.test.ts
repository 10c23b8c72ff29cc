import { describe, expect, it } from "@jest/globals";
import { PolicyDocument, readNumber, renderPath } from "../../../src/policy/document.ts";
import { readJson } from "../../../src/policy/document-json.ts";
import { readYaml } from "../../../src/policy/document-yaml.ts";

describe("renderPath", () => {
  it("writes a JSON path", () => {
    expect(renderPath([])).toBe("$");
    expect(renderPath(["rules", 0, "refs"])).toBe("$.rules[0].refs");
    expect(renderPath(["groups", "a-b", "$x", '"'])).toBe('$.groups["a-b"]["$x"]["\\""]');
  });
});

describe("readNumber", () => {
  it.each([
    ["0", 0],
    ["-7", -7],
    ["9007199254740991", 9007199254740991],
  ])("takes %s for a number", (source, value) => {
    expect(readNumber(source)).toBe(value);
  });
  it.each(["9007199254740992", "007", "0x10", "0o7", "1.0", "1e3", ".5", "+1", "1".repeat(40), ".inf", ".nan", "-0x1"])(
    "leaves %s as it was written",
    (source) => {
      expect(readNumber(source)).toBe(source);
    },
  );
});

describe.each([
  ["JSON", readJson],
  ["YAML", readYaml],
])("lines of %s", (_, read) => {
  const text = '{ "a": 1,\n  "b": [\n    true,\n    { "c": null }\n  ]\n}\n';
  const document = new PolicyDocument("f", text, read(text)?.root ?? null);
  it.each([
    [[], 1, { a: 1, b: [true, { c: null }] }],
    [["a"], 1, 1],
    [["b"], 2, [true, { c: null }]],
    [["b", 0], 3, true],
    [["b", 1, "c"], 4, null],
  ])("finds %j at line %d", (path, line, value) => {
    expect(document.lineOf(path)).toBe(line);
    expect(document.valueOf(path)).toEqual(value);
  });
  it("tells what is missing where it should stand", () => {
    expect(document.lineOf(["b", 1, "d", "e"])).toBe(4);
    expect(document.valueOf(["b", 1, "d", "e"])).toBeUndefined();
  });
});

describe("readJson", () => {
  it.each([
    '{"a" 1}',
    "{'a': 1}",
    "[1,]",
    "{,}",
    "[1 2]",
    "01",
    "+1",
    "1.",
    ".5",
    "nul",
    "tru",
    '"a',
    '"\\x"',
    '"\n"',
    "{}x",
    "",
    "[",
    '{"a":1',
    "NaN",
  ])("leaves %j to the reader that tells what is wrong", (text) => {
    expect(readJson(text)).toBeNull();
  });
  it.each(["{}", "[]", " [ ] ", '"\\"\\\\\\u00e9"', "-1", "1.5e+3", "true", "false", "null", '{"":[{}]}'])(
    "reads %s",
    (text) => {
      expect(readJson(text)?.problems).toEqual([]);
    },
  );
});

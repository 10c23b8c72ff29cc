import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { dependenciesOf, readPrepare, removePrepare, writePrepare } from "../../../src/check/package-json.ts";

const SHAPES: readonly (readonly [string, string, string])[] = [
  ["two spaces", '{\n  "name": "a"\n}\n', '{\n  "name": "a",\n  "scripts": {\n    "prepare": "x"\n  }\n}\n'],
  ["tabs", '{\n\t"name": "a"\n}', '{\n\t"name": "a",\n\t"scripts": {\n\t\t"prepare": "x"\n\t}\n}'],
  ["one line", '{"name":"a"}\n', '{"name":"a","scripts":{"prepare":"x"}}\n'],
  [
    "other scripts",
    '{\n  "scripts": {\n    "a": "b"\n  }\n}\n',
    '{\n  "scripts": {\n    "a": "b",\n    "prepare": "x"\n  }\n}\n',
  ],
  ["CR LF", '{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "scripts": {\r\n    "prepare": "x"\r\n  }\r\n}\r\n'],
  [
    "a byte order mark",
    '\xef\xbb\xbf{\n  "a": 1\n}',
    '\xef\xbb\xbf{\n  "a": 1,\n  "scripts": {\n    "prepare": "x"\n  }\n}',
  ],
  [
    "traps in text",
    '{"a":"}{\\"scripts\\":{","b":[{}, "]"]}',
    '{"a":"}{\\"scripts\\":{","b":[{}, "]"],"scripts":{"prepare":"x"}}',
  ],
];

describe("package.json", () => {
  it.each(SHAPES)("takes a prepare script with %s, and gives it back byte for byte", (_, text, edited) => {
    expect(readPrepare(text)).toBeNull();
    expect(writePrepare(text, "x")).toBe(edited);
    expect(readPrepare(edited)).toBe("x");
    expect(removePrepare(edited)).toBe(text);
  });

  it("fills an empty object and an empty `scripts`", () => {
    expect(JSON.parse(writePrepare("{}", "x"))).toEqual({ scripts: { prepare: "x" } });
    expect(writePrepare('{\n  "scripts": {}\n}', "x")).toBe('{\n  "scripts": {\n    "prepare": "x"\n  }\n}');
  });

  it("replaces a script and nothing else", () => {
    const text = '{ "scripts" : { "prepare" : "a \\" b", "z": "1" } }';
    expect(writePrepare(text, "c")).toBe('{ "scripts" : { "prepare" : "c", "z": "1" } }');
    expect(removePrepare(text)).toBe('{ "scripts" : { "z": "1" } }');
  });

  it("changes the prepare script alone, whatever else is in the file", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string(), fc.string()),
        fc.constantFrom<[string | undefined]>([undefined], [" "], ["\t"], ["  "]),
        fc.string(),
        (rest, scripts, [indent], command) => {
          delete rest["__proto__"];
          delete scripts["__proto__"];
          const data = { ...rest, scripts };
          const text = JSON.stringify(data, null, indent);
          const edited = writePrepare(text, command);
          expect(JSON.parse(edited)).toEqual({ ...data, scripts: { ...scripts, prepare: command } });
          if (!("prepare" in scripts) && Object.keys(scripts).length > 0) expect(removePrepare(edited)).toBe(text);
        },
      ),
      { seed: 71, numRuns: 200 },
    );
  });

  it.each([
    ["is no JSON", "{"],
    ["is no object", "[]"],
    ["has scripts that are no object", '{"scripts": 1}'],
    ["has a prepare script that is no text", '{"scripts": {"prepare": []}}'],
    ["names scripts twice", '{"scripts": {}, "scripts": {}}'],
    ["names prepare twice", '{"scripts": {"prepare": "a", "prepare": "b"}}'],
  ])("that %s is refused (ERR_INSTALL)", (_, text) => {
    expect(() => readPrepare(text)).toThrowCode("ERR_INSTALL");
    expect(() => writePrepare(text, "x")).toThrowCode("ERR_INSTALL");
  });

  it("tells which packages a project has", () => {
    const names = dependenciesOf('{"devDependencies":{"husky":"^9"},"dependencies":{"a":"1"}}');
    expect([...names.keys()].sort()).toEqual(["a", "husky"]);
  });
});

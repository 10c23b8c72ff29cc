import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { PolicyError } from "../../src/errors.ts";
import { PolicyDocument } from "../../src/policy/document.ts";
import { readJson } from "../../src/policy/document-json.ts";
import { readYaml } from "../../src/policy/document-yaml.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import { costOf, itHolds } from "../support/fuzz.ts";
import { readPolicyVectors } from "../support/policy-vectors.ts";

/** Anything but a policy or a PolicyError with issues that name the file and a line is a defect. */
async function survives(bytes: Uint8Array, member?: "signpolicy"): Promise<void> {
  try {
    await parsePolicy(bytes, "f", member);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    expect(error.issues.length).toBeGreaterThan(0);
    for (const issue of error.issues) {
      expect(issue.file).toBe("f");
      expect(issue.line).toBeGreaterThan(0);
      expect(issue.path.startsWith("$")).toBe(true);
      expect(issue.message).not.toContain("undefined");
      expect(issue.expected).not.toMatch(/^$|undefined/);
    }
  }
}

const texts = [...readPolicyVectors().map(({ body }) => body), readFileSync(".signpolicy.example.json", "utf8")];

/** A policy with pieces cut out, doubled or replaced by what means something to a parser. */
const mutated = fc
  .record({
    text: fc.constantFrom(...texts),
    cuts: fc.array(
      fc.record({
        at: fc.nat(2000),
        length: fc.nat(12),
        piece: fc.constantFrom(
          "",
          "\n",
          "  ",
          ": ",
          "- ",
          "[",
          "]",
          "{",
          "}",
          '"',
          "'",
          "&a ",
          "*a",
          "!!str ",
          "<<: ",
          "---\n",
          "%YAML 1.1\n",
          "null",
          "1e5",
          "0x1",
          "~",
          "|\n",
          ">\n",
          "? ",
          "#",
          "__proto__: ",
          "\ud800",
          "\t",
          "é",
        ),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ text, cuts }) =>
    cuts.reduce((so, { at, length, piece }) => {
      const start = at % (so.length + 1);
      return so.slice(0, start) + piece + so.slice(start + length);
    }, text),
  );

describe("parsePolicy", () => {
  itHolds(
    "throws nothing but PolicyError, whatever the bytes",
    () => fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), (bytes) => survives(bytes)),
    { runs: 150 },
  );
  itHolds(
    "throws nothing but PolicyError for policies with damage",
    () => fc.asyncProperty(mutated, (text) => survives(new TextEncoder().encode(text))),
    { runs: 150 },
  );
  itHolds(
    "throws nothing but PolicyError for data of any shape in the right places",
    () => {
      const keys = fc.constantFrom(
        "version",
        "principals",
        "groups",
        "rules",
        "commits",
        "tags",
        "signedBy",
        "refs",
        "keys",
        "emails",
        "trust",
        "exempt",
        "algorithms",
        "preset",
        "alice",
        "toString",
        "constructor",
        "__proto__",
      );
      const { value } = fc.letrec((tie) => ({
        value: fc.oneof(
          { maxDepth: 5 },
          fc.constantFrom<unknown>(
            1,
            0,
            -1,
            1.5,
            true,
            null,
            "",
            "*",
            "alice",
            "role:bot",
            "refs/heads/main",
            "team",
            "2026-01-01T00:00:00Z",
          ),
          fc.array(tie("value"), { maxLength: 3 }),
          fc.dictionary(keys, tie("value"), { maxKeys: 4 }),
        ),
      }));
      const property = fc.asyncProperty(fc.dictionary(keys, value, { maxKeys: 6 }), (file) =>
        survives(new TextEncoder().encode(JSON.stringify({ version: 1, ...file }))),
      );
      return property;
    },
    { runs: 150 },
  );
});

describe("the two readers", () => {
  itHolds(
    "make the same of every JSON text",
    () => {
      const strings = fc.string({ unit: "grapheme" });
      const data = fc.jsonValue({ depthSize: "small" });
      return fc.property(
        fc.oneof(data, fc.dictionary(strings, data)),
        fc.constantFrom(undefined, 2),
        (value, indent) => {
          const text = JSON.stringify(value, null, indent);
          // Keys that one of them, or both, refuse.
          fc.pre(!/__proto__|"<<"/.test(text));
          const [json, yaml] = [readJson(text), readYaml(text)];
          expect(json).not.toBeNull();
          expect(yaml.problems).toEqual([]);
          const valueOf = (root: typeof yaml.root): unknown => new PolicyDocument("f", text, root).valueOf([]);
          expect(valueOf(json?.root ?? null)).toEqual(valueOf(yaml.root));
        },
      );
    },
    { runs: 150 },
  );
});

/** Attack 76: a policy lies in the pushed tree, and 4 MiB of it are read. */
describe("a policy that repeats itself without end", () => {
  const UNITS = [
    ...[
      " ",
      "\n",
      "\t",
      "a",
      "0",
      "-",
      "- ",
      "? ",
      ": ",
      "a: ",
      "a: b\n",
      "a:\n",
      "  a: 1\n",
      "- a\n",
      "[",
      "]",
      "{",
      "[],",
      "{},",
    ],
    ...[
      '"',
      '"",',
      "'",
      "\\",
      "\\n",
      "&a ",
      "*a ",
      "!t ",
      "#",
      "# a\n",
      "|\n",
      ">\n",
      "---\n",
      "...\n",
      "%T\n",
      ",",
      '"a":1,',
    ],
    ...["a b", "é", "\ud83d\ude00", '"\\u00e9",', "principals: {}\n", "<<: *a\n", "refs/heads/*"],
  ];
  const BYTES = 2 * 1024;
  /** The `yaml` package takes a second and more for the larger size; squares would take minutes. */
  const MOST_MS = 15_000;
  const [yaml = "", json = ""] = [texts[0], texts.at(-1)];

  it.each(UNITS)(
    "is refused soon: %j",
    async (unit) => {
      const many = unit.repeat(Math.ceil(BYTES / unit.length));
      const keys = Array.from({ length: BYTES / 16 }, (_, at) => `"${unit.replace(/[^a-z]/g, "")}${at}":1`).join();
      const cut = json.indexOf(":") + 1;
      for (const text of [
        many,
        `${yaml}\n${many}`,
        `version: 1\nprincipals: ${many}`,
        `version: 1\nrules:\n  - name: "${many}"\n`,
        `${json.slice(0, cut)}${many}${json.slice(cut)}`,
        `{"version":1,"principals":{${keys}},"rules":[${many}]}`,
      ]) {
        const took = await costOf(() => survives(new TextEncoder().encode(text)));
        if (took > MOST_MS) throw new Error(`${took} ms: ${text.slice(0, 60)}`);
      }
    },
    300_000,
  );
});

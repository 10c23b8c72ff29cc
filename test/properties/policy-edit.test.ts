import { describe, expect } from "@jest/globals";
import fc from "fast-check";
import type { Edit } from "../../src/policy/edit-document.ts";
import { editPolicy } from "../../src/policy/edit-document.ts";
import { readDocument } from "../../src/policy/read-document.ts";
import { itHolds } from "../support/fuzz.ts";

/** A policy as somebody may have laid it out: indentation, comments, blank lines, brackets or blocks, line ends. */
const layout = fc.record({
  indent: fc.integer({ min: 1, max: 5 }),
  comment: fc.constantFrom("", " # note", "  # [x] {y}: 'z'"),
  line: fc.constantFrom("", "# between\n", "\n", "\n# a\n\n"),
  keys: fc.constantFrom("block", "flush", "flow", "lines"),
  eol: fc.constantFrom("\n", "\r\n"),
  end: fc.boolean(),
});

type Layout = typeof layout extends fc.Arbitrary<infer T> ? T : never;

function render({ indent, comment, line, keys, eol, end }: Layout): string {
  const pad = (depth: number): string => " ".repeat(indent * depth);
  const entry = "ssh: ssh-ed25519 AAAA x";
  const lists = {
    block: `keys:${comment}\n${pad(3)}- ${entry}${comment}\n`,
    flush: `keys:${comment}\n${pad(2)}- ${entry}${comment}\n`,
    flow: `keys: [{ ${entry} }]${comment}\n`,
    lines: `keys: [${comment}\n${pad(4)}{ ${entry} }${comment}\n${pad(3)}]\n`,
  };
  const text =
    `version: 1${comment}\n${line}serial: 4${comment}\nprincipals:${comment}\n${line}${pad(1)}alice:${comment}\n` +
    `${pad(2)}emails: [a@b]${comment}\n${pad(2)}${lists[keys]}${line}rules: [] # none${end ? "\n" : ""}`;
  return text.replaceAll("\n", eol);
}

const edits: readonly Edit[] = [
  {
    kind: "append",
    path: ["principals", "alice", "keys"],
    value: { ssh: "ssh-ed25519 BBBB y", from: "2026-01-01T00:00:00Z" },
  },
  { kind: "set", path: ["principals", "alice", "keys", 0, "retired"], value: "2026-01-01T00:00:00Z" },
  { kind: "set", path: ["principals", "bob"], value: { emails: ["b@b", "c@d"], keys: [{ ssh: "ssh-ed25519 CCCC" }] } },
  { kind: "append", path: ["principals", "alice", "emails"], value: "- odd: [e-mail]@x" },
];

/** Whether `after` is `before` with pieces put in, and nothing taken out: `before` is a subsequence by whole runs. */
function onlyAdds(before: string, after: string): boolean {
  let at = 0;
  for (const char of before) {
    at = after.indexOf(char, at) + 1;
    if (at === 0) return false;
  }
  return true;
}

describe("an edit of a policy file", () => {
  itHolds(
    "adds what it says, takes nothing away, and mixes no line ends, however the file is laid out",
    () =>
      fc.asyncProperty(layout, fc.constantFrom(...edits), async (chosen, edit) => {
        const text = render(chosen);
        const after = Buffer.from(await editPolicy(Buffer.from(text), "p", undefined, [edit])).toString();
        expect(onlyAdds(text, after)).toBe(true);
        if (chosen.eol === "\r\n") expect(after.replaceAll("\r\n", "")).not.toContain("\n");
        const { problems } = await readDocument(Buffer.from(after), "p");
        expect(problems).toEqual([]);
      }),
    { runs: 150 },
  );

  itHolds(
    "replaces the serial alone",
    () =>
      fc.asyncProperty(layout, async (chosen) => {
        const text = render(chosen);
        const after = await editPolicy(Buffer.from(text), "p", undefined, [
          { kind: "set", path: ["serial"], value: 5 },
        ]);
        expect(Buffer.from(after).toString()).toBe(text.replace("serial: 4", "serial: 5"));
      }),
    { runs: 150 },
  );
});

import { describe, expect, it } from "@jest/globals";
import type { Edit } from "../../../src/policy/edit-document.ts";
import { editPolicy } from "../../../src/policy/edit-document.ts";

const edited = async (text: string, edits: readonly Edit[], member?: "signpolicy"): Promise<string> =>
  Buffer.from(await editPolicy(Buffer.from(text), ".signpolicy.yaml", member, edits)).toString();

/** What the edit took out and put in; everything before and behind is the same, byte for byte. */
function difference(before: string, after: string): readonly [removed: string, added: string] {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return [before.slice(start, before.length - end), after.slice(start, after.length - end)];
}

const YAML = `# Who may sign what.
version: 1   # of the format
serial: 7  # raised by hand

principals:
  # the boss
  alice:
    emails: [alice@example.org]
    keys:
      - openpgp: keys/alice.asc # since 2019
      - ssh: ssh-ed25519 AAAA alice
        until: 2027-01-01T00:00:00Z   # ask again

  # nobody else yet
rules:
  - { name: main, refs: [refs/heads/main], commits: { signedBy: [alice] } }
`;

const addKey: Edit = {
  kind: "append",
  path: ["principals", "alice", "keys"],
  value: { ssh: "ssh-ed25519 BBBB alice@desk", from: "2026-01-01T00:00:00Z" },
};
const bob: Edit = {
  kind: "set",
  path: ["principals", "bob"],
  value: { name: "Bob", emails: ["bob@example.org"], keys: [{ openpgp: "keys/bob.asc" }] },
};

describe("editing a YAML policy", () => {
  it("raises the serial and leaves the comment beside it", async () => {
    const after = await edited(YAML, [{ kind: "set", path: ["serial"], value: 8 }]);
    expect(difference(YAML, after)).toEqual(["7", "8"]);
  });

  it("adds a key behind the last one, in front of the comments that follow", async () => {
    const after = await edited(YAML, [addKey]);
    expect(difference(YAML, after)[0]).toBe("");
    expect(after).toContain(
      "00:00Z   # ask again\n      - ssh: ssh-ed25519 BBBB alice@desk\n        from: 2026-01-01T00:00:00Z\n\n  # nobody",
    );
  });

  it("adds a mark to a key, in its own column", async () => {
    const path = ["principals", "alice", "keys", 0, "retired"];
    const after = await edited(YAML, [{ kind: "set", path, value: "2026-02-03T00:00:00Z" }]);
    expect(after.replace("        retired: 2026-02-03T00:00:00Z\n", "")).toBe(YAML);
    expect(after).toContain("alice.asc # since 2019\n        retired: 2026-02-03T00:00:00Z\n      - ssh");
  });

  it("replaces a time that stands there", async () => {
    const path = ["principals", "alice", "keys", 1, "until"];
    const after = await edited(YAML, [{ kind: "set", path, value: "2028-01-01T00:00:00Z" }]);
    expect(difference(YAML, after)).toEqual(["7", "8"]);
  });

  it("adds a principal with lists of plain values on one line", async () => {
    const after = await edited(YAML, [bob]);
    expect(after).toContain(
      "  bob:\n    name: Bob\n    emails: [bob@example.org]\n    keys:\n      - openpgp: keys/bob.asc\n\n  # nobody",
    );
  });

  it("keeps CR LF line ends and a byte order mark", async () => {
    const text = `\ufeff${YAML.replaceAll("\n", "\r\n")}`;
    const after = await edited(text, [addKey, bob]);
    expect(after.startsWith("\ufeff# Who")).toBe(true);
    expect(after.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("adds to lists in brackets, empty ones too", async () => {
    const text = YAML.replace(/keys:\n[^]*# nobody/, "keys: []\n  # nobody");
    expect(await edited(text, [addKey])).toContain(
      "keys: [{ ssh: ssh-ed25519 BBBB alice@desk, from: 2026-01-01T00:00:00Z }]\n",
    );
    const rule = { kind: "append", path: ["rules", 0, "commits", "signedBy"], value: "bob" } as const;
    expect(await edited(YAML, [bob, rule])).toContain("signedBy: [alice, bob] } }\n");
  });

  it("replaces an armored block as a block", async () => {
    const text = YAML.replace("keys/alice.asc # since 2019", "|\n          -----BEGIN X-----\n\n          OLD\n");
    const path = ["principals", "alice", "keys", 0, "openpgp"];
    const after = await edited(text, [{ kind: "set", path, value: "-----BEGIN X-----\n\nNEW\n" }]);
    expect(difference(text, after)).toEqual(["OLD", "NEW"]);
  });

  it("refuses what would not read as it was meant, and says what to write by hand", async () => {
    const text = "{version: 1, principals: {a: {emails: [a@b], keys: []}}, rules: [] # end";
    const refusal = edited(`${text}\n`, [{ kind: "append", path: ["groups"], value: "x" }]);
    await expect(refusal).rejects.toMatchObject({
      code: "ERR_POLICY_INVALID",
      hint: 'write it by hand: $.groups: "x"',
    });
  });
});

const JSON_POLICY = `{
\t"version": 1,
\t"principals": {
\t\t"alice": {
\t\t\t"emails": ["alice@example.org"],
\t\t\t"keys": [
\t\t\t\t{ "ssh": "ssh-ed25519 AAAA" }
\t\t\t]
\t\t}
\t},
\t"rules": [{ "name": "main", "refs": ["refs/heads/main"], "commits": { "signedBy": ["alice"] } }]
}`;

describe("editing a JSON policy", () => {
  it("adds an item on a line of its own, with the indentation of its neighbours", async () => {
    const after = await edited(JSON_POLICY, [addKey]);
    expect(difference(JSON_POLICY, after)).toEqual([
      "",
      ',\n\t\t\t\t{ "ssh": "ssh-ed25519 BBBB alice@desk", "from": "2026-01-01T00:00:00Z" }',
    ]);
    expect(JSON.parse(after)).toMatchObject({
      principals: { alice: { keys: [{}, { from: "2026-01-01T00:00:00Z" }] } },
    });
  });

  it("breaks what is too long for a line as its neighbours are broken", async () => {
    const after = await edited(JSON_POLICY, [
      { ...bob, value: { name: "Bob".repeat(30), emails: ["bob@example.org"], keys: [] } },
    ]);
    expect(after).toContain('\t\t},\n\t\t"bob": {\n\t\t\t"name": "BobBob');
    expect(JSON.parse(after)).toHaveProperty("principals.bob.keys");
  });

  it("edits the member of a package.json and nothing else in it", async () => {
    const text = `{\n  "name": "x",\n  "signpolicy": ${JSON_POLICY.replaceAll("\n", "\n  ")},\n  "serial": 1\n}\n`;
    const after = await edited(
      text,
      [{ kind: "set", path: ["principals", "alice", "keys", 0, "compromised"], value: true }],
      "signpolicy",
    );
    expect(difference(text, after)).toEqual(["", ', "compromised": true']);
  });

  it("keeps a text without a last line end as it is", async () => {
    expect((await edited(JSON_POLICY, [bob])).endsWith("}")).toBe(true);
  });
});

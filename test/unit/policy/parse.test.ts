import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { PolicyError } from "../../../src/errors.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { Policy } from "../../../src/policy/policy.ts";

const parse = (text: string | Uint8Array): Promise<Policy> =>
  parsePolicy(typeof text === "string" ? new TextEncoder().encode(text) : text, "p");
const codeOf = (text: string | Uint8Array): Promise<string> =>
  parse(text).then(
    () => "accepted",
    (error: unknown) => (error instanceof PolicyError ? error.code : String(error)),
  );

const HEAD = `version: 1
principals:
  alice: { emails: [alice@example.org], keys: [] }
  rel: { emails: [rel@example.org], role: release, keys: [] }
  ci: { emails: [ci@example.org], role: bot, keys: [] }
  coder: { emails: [coder@example.org], role: agent, owner: rel, keys: [] }
  web: { emails: [web@example.org], role: forge, keys: [] }
groups:
  devs: [alice, rel]
`;
const RULE = `rules: [{ name: main, refs: [refs/heads/main], commits: { signedBy: [alice] } }]\n`;
const withRule = (rule: string): Promise<Policy> => parse(`${HEAD}rules: [{ name: x, refs: ["refs/**"], ${rule} }]\n`);

describe("parsePolicy", () => {
  it("applies the defaults", async () => {
    const policy = await parse(HEAD + RULE);
    expect(policy).toMatchObject({ version: 1, serial: null, preset: null, unmatched: "deny", exempt: [] });
    expect(policy.algorithms).toEqual({ rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] });
    expect(policy.principals.get("alice")).toMatchObject({ name: "alice", role: "human", owner: null });
    const [rule] = policy.rules;
    expect(rule).toMatchObject({ tags: null, updates: { force: "allow", delete: "allow" } });
    expect(rule?.commits).toMatchObject({ identity: "committer", base: [], level: "error", enforceFrom: null });
    expect([...(rule?.commits?.side.names ?? [])]).toEqual(["alice"]);
  });
  it("asks of tags what is not said otherwise, and nothing without `tags`", async () => {
    const [rule] = (await withRule("tags: { signedBy: [alice] }")).rules;
    expect(rule?.commits).toBeNull();
    expect(rule?.tags).toMatchObject({
      identity: "tagger",
      lightweight: "deny",
      move: "deny",
      delete: "deny",
      target: "verified",
      level: "error",
    });
    const [open] = (await withRule("tags: { signedBy: [alice], lightweight: allow, move: allow, target: any }")).rules;
    expect(open?.tags).toMatchObject({ lightweight: "allow", move: "allow", delete: "deny", target: "any" });
  });
  it("takes `force: deny` for `delete: deny`", async () => {
    expect((await withRule("updates: { force: deny }")).rules[0]?.updates).toEqual({ force: "deny", delete: "deny" });
    expect((await withRule("updates: { delete: deny }")).rules[0]?.updates).toEqual({ force: "allow", delete: "deny" });
    expect((await withRule("updates: {}")).rules[0]?.updates).toEqual({ force: "allow", delete: "allow" });
  });
  it.each([
    ['["*"]', ["alice", "rel", "ci", "coder"]],
    ['["*", web]', ["alice", "rel", "ci", "coder", "web"]],
    ["[role:bot, role:forge]", ["ci", "web"]],
    ["[devs, role:human]", ["alice", "rel"]],
    ["[coder]", ["coder"]],
  ])("resolves signedBy: %s", async (members, expected) => {
    const { commits } = (await withRule(`commits: { signedBy: ${members} }`)).rules[0] ?? {};
    expect([...(commits?.signedBy.names ?? [])]).toEqual(expected);
  });
  it("resolves keys: formats, windows, namespaces, names in certificates", async () => {
    const policy = await parse(`version: 1
principals:
  alice:
    emails: [alice@example.org, josé@example.org]
    keys:
      - openpgp: keys/alice.asc
        retired: 2025-11-01T00:00:00Z
      - ssh: ssh-ed25519 AAAA laptop
        from: 2026-01-01T00:00:00Z
        until: 2027-01-01T00:00:00+01:00
        namespaces: [git, file]
      - sshCa: keys/ca.pub
        compromised: 2026-02-03T10:00:00Z
      - sshCa: ecdsa-sha2-nistp256 AAAA
        principals: [Zoë]
        compromised: true
      - openpgp: |
          -----BEGIN PGP PUBLIC KEY BLOCK-----

          AAAA
          -----END PGP PUBLIC KEY BLOCK-----
${RULE}`);
    const [first, second, third, fourth, fifth] = policy.principals.get("alice")?.keys ?? [];
    expect(first).toMatchObject({
      format: "openpgp",
      source: { kind: "file", path: "keys/alice.asc" },
      principals: [],
    });
    expect(first?.window).toEqual({ retired: 1_761_955_200 });
    expect(first?.place).toEqual({ path: "$.principals.alice.keys[0]", line: 6 });
    expect(second?.source).toEqual({ kind: "text", text: "ssh-ed25519 AAAA laptop" });
    expect(second?.window).toEqual({ from: 1_767_225_600, until: 1_798_758_000 });
    expect(second?.namespaces).toEqual(["git", "file"]);
    // Compared with the bytes of commits and certificates.
    expect(third?.principals).toEqual(["alice@example.org", "jos\xc3\xa9@example.org"]);
    expect(third?.window).toEqual({ compromised: 1_770_112_800 });
    expect(fourth).toMatchObject({ principals: ["Zo\xc3\xab"], namespaces: ["git"], window: { compromised: true } });
    expect(fifth?.source.kind).toBe("text");
    expect(policy.principals.get("alice")?.emails[1]).toBe("jos\xc3\xa9@example.org");
  });
  it("keeps ids that look like numbers, and forgives what is usual unless told", async () => {
    const float = `${"1".repeat(20)}e${"1".repeat(19)}`;
    const policy = await parse(`${HEAD}${RULE}trust:
  exempt:
    - { commit: ${float}, reason: x }
    - { reachableFrom: ${"7".repeat(64)}, reason: y, until: 2027-01-01T00:00:00Z, codes: [key-expired] }
`);
    const [first, second] = policy.exempt;
    expect(first).toMatchObject({ commit: float, reachableFrom: null, until: null });
    expect([...(first?.codes ?? [])]).toEqual(["unsigned", "unknown-key"]);
    expect(second).toMatchObject({ commit: null, reachableFrom: "7".repeat(64), until: 1_798_761_600 });
    expect([...(second?.codes ?? [])]).toEqual(["key-expired"]);
  });
  it("makes the same of JSON and of the same in YAML", async () => {
    const json = JSON.parse(readFileSync(".signpolicy.example.json", "utf8")) as object;
    const policy = await parse(JSON.stringify(json));
    // With a comment it is no JSON, and goes through the other reader.
    const again = await parse(`# a comment\n${JSON.stringify(json, null, 2)}\n`);
    const plain = (value: Policy): unknown =>
      JSON.parse(
        JSON.stringify(value, (key, member: unknown) => {
          if (key === "place") return null;
          return member instanceof Map || member instanceof Set ? [...(member as Iterable<unknown>)] : member;
        }),
      );
    expect(plain(again)).toEqual(plain(policy));
  });
  it("refuses bytes that are not UTF-8, control characters and halves of pairs", async () => {
    const text = HEAD + RULE;
    expect(await codeOf(text)).toBe("accepted");
    expect(await codeOf(`\ufeff${text}`)).toBe("accepted");
    expect(await codeOf(text.replaceAll("\n", "\r\n"))).toBe("accepted");
    expect(await codeOf(Buffer.from(`${text}# \xff\n`, "latin1"))).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(Buffer.from(text, "utf16le"))).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(`${text}# \u001b[31m\n`)).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(text.replace("name: main", 'name: "\\ud800"'))).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(text.replace("name: main", 'name: "\\ud83d\\ude00"'))).toBe("accepted");
  });
  it("refuses what nests too deep, and what is too large, before it costs anything", async () => {
    for (const text of ["[", "{", "- ", "? ", '{"a":', "[{", "a: ", "[]: "].map((unit) => unit.repeat(500_000))) {
      expect(await codeOf(text)).toBe("ERR_POLICY_INVALID");
    }
    const nested = (depth: number): string =>
      Array.from({ length: depth }, (_, at) => `${" ".repeat(at)}a:\n`).join("");
    expect(await codeOf(nested(199))).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(nested(2000))).toBe("ERR_POLICY_INVALID");
    expect(await codeOf(HEAD + RULE + "#".repeat(4 * 1024 * 1024))).toBe("ERR_POLICY_INVALID");
  });
  it("refuses more values than any policy has, in either form, before they cost gigabytes (attack 76)", async () => {
    const bytes = 4 * 1024 * 1024 - 100;
    for (const [before, unit, after] of [
      [`${HEAD}rules:\n`, "- a\n", ""],
      [`${HEAD}rules: |\n`, "|\n", ""],
      ['{"version":1,"rules":[', "{},", "{}]}"],
      ['{"version":1,"rules":[{"name":"a","refs":[', '"a",', '"a"]}]}'],
    ] as const) {
      const text = before + unit.repeat(Math.floor((bytes - before.length) / unit.length)) + after;
      expect(await codeOf(text)).toBe("ERR_POLICY_INVALID");
    }
    // As many as there may be, each of them wrong.
    expect(await codeOf(`{"version":1,"rules":[${"{},".repeat(49_990)}{}]}`)).toBe("ERR_POLICY_INVALID");
    expect(process.resourceUsage().maxRSS / 1024).toBeLessThan(1500);
  });
  it("reads a policy of many values", async () => {
    const exempt = Array.from(
      { length: 12_000 },
      (_, at) => `    - { commit: ${at.toString(16).padStart(40, "0")}, reason: r }`,
    );
    expect(await codeOf(`${HEAD}${RULE}trust:\n  exempt:\n${exempt.slice(1).join("\n")}\n`)).toBe("accepted");
  });
  it("tells all mistakes of one line break style by the same lines", async () => {
    const text = `${HEAD}${RULE}tresholds: {}\n`;
    for (const eol of ["\n", "\r\n"]) {
      const error: unknown = await parse(text.replaceAll("\n", eol)).catch((thrown: unknown) => thrown);
      expect((error as PolicyError).issues.map(({ line }) => line)).toEqual([11]);
    }
  });
});

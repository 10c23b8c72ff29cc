import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { parsePolicy } from "../../../src/policy/parse.ts";
import type { Policy } from "../../../src/policy/policy.ts";
import { PRESETS } from "../../../src/policy/presets.ts";

const parse = (text: string): Promise<Policy> => parsePolicy(new TextEncoder().encode(text), "p");
const principals = `principals:
  alice: { emails: [alice@example.org], keys: [] }
  ci: { emails: [ci@example.org], role: bot, keys: [] }
`;
const withPreset = (preset: string, more = ""): Promise<Policy> =>
  parse(`version: 1\npreset: ${preset}\n${principals}${more}`);

describe("presets", () => {
  it.each(["baseline", "team", "strict"])("%s and somebody who signs make a policy", async (preset) => {
    const policy = await withPreset(preset);
    expect(policy.preset).toBe(preset);
    expect(policy.unmatched).toBe("deny");
    expect(policy.rules.length).toBeGreaterThan(0);
  });
  it("without one, a policy without rules is refused", async () => {
    await expect(parse(`version: 1\n${principals}`)).rejects.toMatchObject({ code: "ERR_POLICY_INVALID" });
  });
  it("are what config/presets holds", () => {
    expect([...PRESETS.keys()]).toEqual(["baseline", "team", "strict"]);
    for (const [name, preset] of PRESETS) {
      expect(preset).toEqual(JSON.parse(readFileSync(`config/presets/${name}.json`, "utf8")));
    }
  });
  it("each asks at least what the one before asks", async () => {
    const [baseline, team, strict] = await Promise.all(["baseline", "team", "strict"].map((name) => withPreset(name)));
    const onMain = (policy: Policy | undefined) =>
      policy?.rules.filter(({ refs }) => refs.some((glob) => glob.matches("refs/heads/main"))) ?? [];
    const onTags = (policy: Policy | undefined) =>
      policy?.rules.filter(({ refs }) => refs.some((glob) => glob.matches("refs/tags/v1"))) ?? [];
    for (const policy of [baseline, team, strict]) {
      expect(onMain(policy).some(({ commits }) => commits?.level === "error")).toBe(true);
      expect(policy?.algorithms.rsaBits).toBeGreaterThanOrEqual(2048);
    }
    expect(onMain(baseline).some(({ updates }) => updates.force === "deny")).toBe(false);
    for (const policy of [team, strict]) {
      expect(onMain(policy).some(({ updates }) => updates.force === "deny" && updates.delete === "deny")).toBe(true);
      expect(onTags(policy).some(({ tags }) => tags?.lightweight === "deny")).toBe(true);
      expect(policy?.algorithms.rsaBits).toBe(3072);
    }
    expect(onMain(team).every(({ commits }) => commits?.signedBy.names.has("ci"))).toBe(true);
    expect(onMain(strict).every(({ commits }) => commits?.signedBy.names.has("ci"))).toBe(false);
    expect(onMain(strict).every(({ commits }) => commits?.identity === "both")).toBe(true);
  });
  it("yield to the file's own keys, of `algorithms` to each", async () => {
    const own = await withPreset(
      "team",
      `unmatched: allow
algorithms: { hashes: [sha512] }
rules: [{ name: mine, refs: [refs/heads/main], commits: { signedBy: [alice] } }]
`,
    );
    expect(own.rules.map(({ name }) => name)).toEqual(["mine"]);
    expect(own.unmatched).toBe("allow");
    expect(own.algorithms).toEqual({ rsaBits: 3072, hashes: ["sha512"] });
  });
  it("tell what they ask of nobody where the preset is named", async () => {
    const forges = `version: 1\npreset: baseline\nprincipals: { web: { emails: [w@x], role: forge, keys: [] } }\n`;
    await expect(parse(forges)).rejects.toMatchObject({
      issues: [{ path: "$.rules[0].commits.signedBy", message: expect.stringContaining("names nobody") as unknown }],
    });
  });
});

describe("the example", () => {
  it("is a policy, and shows each role and each kind of rule", async () => {
    const policy = await parse(readFileSync(".signpolicy.example.json", "utf8"));
    expect(new Set([...policy.principals.values()].map(({ role }) => role)).size).toBeGreaterThan(3);
    expect(policy.rules.some(({ commits }) => commits !== null)).toBe(true);
    expect(policy.rules.some(({ tags }) => tags !== null)).toBe(true);
    expect(policy.exempt).toHaveLength(2);
  });
  it("names a schema that is there", () => {
    const { $schema } = JSON.parse(readFileSync(".signpolicy.example.json", "utf8")) as { $schema: string };
    expect(JSON.parse(readFileSync($schema, "utf8"))).toHaveProperty("title");
  });
});

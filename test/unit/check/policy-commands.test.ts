import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { checkPolicyFile, policySchema, showPolicy } from "../../../src/check/policy-commands.ts";
import { loadPolicy } from "../../../src/check/policy.ts";
import { workTreePolicySource } from "../../../src/check/file-policy.ts";
import { policyWarnings } from "../../../src/check/policy-warnings.ts";
import { parseTime } from "../../../src/encoding/time.ts";
import { DAY, eddsaKey, keyLifetime, simpleCertificate } from "../../support/openpgp.ts";
import { certificate, policyErrorOf, policyText, sshLine, withFolder } from "../../support/policy-folder.ts";
import { withRepo } from "../../support/repo.ts";

const NOW = parseTime("2026-08-01T00:00:00Z");
const environment = { PATH: process.env["PATH"] };

/** What a policy whose rules and keys these are is warned about. */
async function warningsOf(rules: string, keys = `[{ ssh: "${sshLine(1)}" }]`, more = ""): Promise<readonly string[]> {
  const text = `version: 1
principals:
  alice: { emails: [alice@example.org], keys: ${keys} }
  bob: { emails: [bob@example.org], keys: [{ ssh: "${sshLine(2)}" }] }
  coder: { emails: [c@example.org], role: agent, owner: alice, keys: [{ ssh: "${sshLine(3)}" }] }
${more}rules:
${rules}
`;
  const files = {
    ".signpolicy.yaml": text,
    "good.asc": certificate(1),
    "expired.asc": simpleCertificate(eddsaKey(), { hashed: [keyLifetime(DAY)] }),
  };
  return withFolder(files, async (folder) => {
    const loaded = await loadPolicy(workTreePolicySource(folder));
    return (await policyWarnings(loaded, NOW)).map(({ where, message }) => `${where}: ${message}`);
  });
}

const GOOD = `  - { name: all, refs: ["refs/heads/**"], commits: { signedBy: ["*"] } }`;

describe("policyWarnings", () => {
  it("says nothing of a policy that is as it should be", async () => {
    expect(await warningsOf(GOOD)).toEqual([]);
    expect(await warningsOf(GOOD, "[{ openpgp: good.asc }]")).toEqual([]);
  });
  it.each([
    [`until: 2026-01-01T00:00:00Z`, "cannot sign today", "key-expired"],
    [`from: 2027-01-01T00:00:00Z`, "cannot sign today", "key-not-yet-valid"],
    [`compromised: true`, "cannot sign today", "key-revoked"],
    [`until: 2026-08-20T00:00:00Z`, "in 30 days", "key-expired"],
  ])("warns of a key that %s", async (mark, when, code) => {
    const [warning, ...others] = await warningsOf(GOOD, `[{ ssh: "${sshLine(1)}", ${mark} }]`);
    expect(warning).toContain("$.principals.alice.keys[0], line 3: ");
    expect(warning).toContain(when);
    expect(warning).toContain(code);
    expect(others).toEqual([]);
    const later = mark
      .replace("2026-01-01", "2026-12-01")
      .replace("2026-08-20", "2026-12-01")
      .replace("2027-", "2025-");
    if (later !== mark)
      expect(
        (await warningsOf(GOOD, `[{ ssh: "${sshLine(1)}", ${later} }]`)).filter((text) => text.includes("today")),
      ).toEqual([]);
  });
  it("says nothing of a key that the policy itself has retired", async () => {
    expect(await warningsOf(GOOD, `[{ ssh: "${sshLine(1)}", retired: 2026-01-01T00:00:00Z }]`)).toEqual([]);
  });
  it("warns of an OpenPGP key that has expired by its self-signature", async () => {
    const [warning] = await warningsOf(GOOD, "[{ openpgp: expired.asc }]");
    expect(warning).toContain("cannot sign today");
  });
  it("warns of a term that ends soon without another after it, and of a threshold that terms leave unmet today", async () => {
    const two = `  - { name: all, refs: ["refs/heads/**"], commits: { signedBy: [devs, coder], threshold: 2 } }`;
    const devs = (bob: string): Promise<readonly string[]> =>
      warningsOf(two, undefined, `groups: { devs: [alice, ${bob}] }\n`);
    expect(await devs("bob")).toEqual([]);
    expect(await devs("{ principal: bob, until: 2026-12-01T00:00:00Z }")).toEqual([]);
    const soon = "{ principal: bob, until: 2026-08-20T00:00:00Z }";
    expect(await devs(soon)).toEqual(["group `devs`: the term of bob ends on 2026-08-20T00:00:00Z"]);
    expect(await devs(`${soon}, { principal: bob, from: 2026-08-20T00:00:00Z }`)).toEqual([]);
    expect(await devs("{ principal: bob, until: 2026-07-01T00:00:00Z }")).toEqual([
      "rule `all`: only 1 of `signedBy` could meet the threshold of 2 today",
    ]);
  });
  it("warns when a rule that only warns empties `unmatched: deny`", async () => {
    const warn = `  - { name: soft, refs: ["refs/heads/**"], commits: { signedBy: ["*"], level: warn } }`;
    expect(await warningsOf(warn)).toEqual([expect.stringContaining("rule `soft`: empties `unmatched: deny`")]);
    expect(await warningsOf(`${warn}\n${GOOD}`)).toEqual([]);
    expect(await warningsOf(warn.replace("level: warn", "enforceFrom: 2027-01-01T00:00:00Z"))).toHaveLength(1);
    expect(await warningsOf(warn.replace("level: warn", "level: warn, enforceFrom: 2026-01-01T00:00:00Z"))).toEqual([]);
    expect(await warningsOf(warn, undefined, "unmatched: allow\n")).toEqual([]);
    expect(await warningsOf(`${GOOD}\n  - { name: free, refs: ["refs/heads/wip/*"] }`)).toEqual([]);
    expect(await warningsOf(`${GOOD}\n  - { name: free, refs: ["refs/notes/*"] }`)).toHaveLength(1);
  });
  it("warns of signers in odd places", async () => {
    const agent = `${GOOD}\n  - { name: x, refs: ["refs/heads/x"], commits: { signedBy: [coder] } }`;
    expect(await warningsOf(agent)).toEqual([expect.stringContaining("rule `x`: no human may sign here")]);
    const tags = `${GOOD}\n  - { name: t, refs: ["refs/tags/**"], tags: { signedBy: ["*"] } }`;
    expect(await warningsOf(tags)).toEqual([expect.stringContaining("rule `t`: tags here may be signed by coder")]);
    expect(await warningsOf(tags.replace('tags: { signedBy: ["*"] }', "tags: { signedBy: [alice] }"))).toEqual([]);
    const none = `  - { name: x, refs: ["refs/heads/**"], commits: { signedBy: [alice, coder] } }`;
    expect(await warningsOf(none)).toEqual([expect.stringContaining("principal `bob`: stands in no rule")]);
    expect(await warningsOf(GOOD, "[]")).toEqual([expect.stringContaining("principal `alice`: has no keys")]);
  });
  it("warns of clauses and patterns that do nothing", async () => {
    const tags = `${GOOD}\n  - { name: t, refs: ["refs/heads/x"], tags: { signedBy: [alice] } }`;
    expect(await warningsOf(tags)).toEqual([expect.stringContaining("asks nothing of refs outside refs/tags/")]);
    const base = `  - { name: all, refs: ["refs/heads/**"], commits: { signedBy: ["*"], base: [refs/heads/main, refs/notes/x] } }`;
    expect(await warningsOf(base)).toEqual([expect.stringContaining("`base` names refs/notes/x")]);
    const braces = `  - { name: all, refs: ["refs/heads/**", "refs/heads/{a,b}"], commits: { signedBy: ["*"] } }`;
    expect(await warningsOf(braces)).toEqual([expect.stringContaining("refs/heads/{a,b} is taken literally")]);
  });
  it("warns of exemptions that have lapsed or soon will", async () => {
    const exempt = (until: string): string =>
      `trust: { exempt: [{ commit: "${"1".repeat(40)}", reason: x, until: ${until} }] }\n`;
    expect(await warningsOf(GOOD, undefined, exempt("2026-07-01T00:00:00Z"))).toEqual([
      expect.stringContaining("ended on 2026-07-01"),
    ]);
    expect(await warningsOf(GOOD, undefined, exempt("2026-08-11T00:00:00Z"))).toEqual([
      expect.stringContaining("ends on 2026-08-11"),
    ]);
    expect(await warningsOf(GOOD, undefined, exempt("2027-08-11T00:00:00Z"))).toEqual([]);
  });
});

describe("policy commands", () => {
  const text = policyText({ alice: `[{ ssh: "${sshLine(1)} a", from: 2026-01-01T00:00:00Z }, { openpgp: a.asc }]` });
  it("check and show read the file that is named, without any repository", async () => {
    await withFolder({ "p.yaml": text, "a.asc": certificate(1) }, async (directory) => {
      const checked = await checkPolicyFile({ directory, environment, policy: "p.yaml" }, NOW);
      expect(checked).toMatchObject({ principals: 1, keys: 2, rules: 1, warnings: [] });
      expect(checked.origin.source).toBe(`file:${join(directory, "p.yaml")}`);
      const shown = await showPolicy({ directory, environment, policy: "p.yaml" });
      expect(JSON.parse(JSON.stringify(shown))).toMatchObject({
        version: 1,
        principals: {
          alice: {
            role: "human",
            emails: ["alice@example.org"],
            keys: [
              { format: "ssh", file: null, from: "2026-01-01T00:00:00Z", namespaces: ["git"] },
              { format: "openpgp", file: "a.asc", algorithm: "ed25519" },
            ],
          },
        },
        rules: [{ name: "main", commits: { signedBy: ["alice"], side: ["alice"], identity: "committer" }, tags: null }],
        unmatched: "deny",
      });
    });
  });
  it("read the work tree's own file from anywhere in it, and a ref's when it is named", async () => {
    await withRepo({}, async (repo) => {
      const directory = join(repo.dir, "src");
      mkdirSync(directory);
      writeFileSync(join(repo.dir, ".signpolicy.yaml"), text);
      writeFileSync(join(repo.dir, "a.asc"), certificate(1));
      repo.git(["add", "--all"]);
      repo.updateRef("refs/heads/main", repo.commit("policy", [], { tree: repo.git(["write-tree"]) }));
      const checked = await checkPolicyFile({ directory, environment }, NOW);
      expect(checked.origin.source).toBe("file:.signpolicy.yaml");
      const ofRef = await checkPolicyFile({ directory, environment, policyRef: "refs/heads/main" }, NOW);
      expect(ofRef.origin).toEqual({ ...checked.origin, source: "ref:refs/heads/main:.signpolicy.yaml" });
    });
  });
  it("tell every mistake, and that a folder is no repository", async () => {
    await withFolder({ "p.yaml": text.replace("rules", "rulse") }, async (directory) => {
      const error = await policyErrorOf(checkPolicyFile({ directory, environment, policy: "p.yaml" }, NOW));
      expect(error.issues).toHaveLength(3);
      await expect(checkPolicyFile({ directory, environment }, NOW)).rejects.toMatchObject({
        code: "ERR_NOT_A_REPOSITORY",
      });
    });
  });
  it("schema is a JSON Schema of the format", async () => {
    expect(await policySchema()).toMatchObject({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
    });
  });
});

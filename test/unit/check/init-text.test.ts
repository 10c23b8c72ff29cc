import { describe, expect, it } from "@jest/globals";
import { renderJson, renderYaml } from "../../../src/check/init-text.ts";
import type { Proposal } from "../../../src/check/init-text.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { sshLine } from "../../support/policy-folder.ts";

const proposal: Proposal = {
  principals: [
    { id: "alice", name: "Alice", emails: ["alice@example.org"], role: "human", keys: [{ ssh: sshLine(1) }] },
    // Words of a history that anybody may have written, and names that are keys of the policy, too.
    {
      id: "rules",
      name: "- x: [y] # \u202e&a *b",
      emails: ["'o''hara\"@example.org", "{a}@b"],
      role: "human",
      keys: [{ ssh: sshLine(2) }],
    },
    {
      id: "github",
      name: "GitHub",
      emails: ["noreply@github.com"],
      role: "forge",
      keys: [{ openpgp: "keys/github.asc", from: "2024-01-16T18:05:42Z" }],
    },
  ],
  protected: ["refs/heads/main", "refs/heads/release/**"],
  forges: ["github"],
  schema: "web/node_modules/signpolicy/config/signpolicy.schema.json",
  exempt: { reachableFrom: "a".repeat(40), codes: ["unsigned", "identity-mismatch"] },
};

describe("a first policy", () => {
  it.each([
    ["YAML", renderYaml],
    ["JSON", renderJson],
  ])("is a policy in %s, whatever names and e-mails hold", async (_, render) => {
    const policy = await parsePolicy(Buffer.from(render(proposal)), ".signpolicy");
    expect([...policy.principals.keys()]).toEqual(["alice", "rules", "github"]);
    expect(policy.principals.get("rules")?.emails).toEqual(["'o''hara\"@example.org", "{a}@b"]);
    expect(policy.groups.get("maintainers")).toEqual(["alice", "rules"]);
    const [main] = policy.rules;
    expect([...(main?.commits?.signedBy.names ?? [])]).toEqual(["alice", "rules", "github"]);
    expect(policy.exempt[0]?.codes.has("identity-mismatch")).toBe(true);
  });

  it("explains each part in a comment, and nothing that only has the same name", () => {
    const text = renderYaml(proposal);
    expect(text.match(/^# what is asked of which refs/gm)).toHaveLength(1);
    expect(text.match(/^ *#/gm)).toHaveLength(1 + 6);
    expect(text.startsWith(`# yaml-language-server: $schema=${proposal.schema ?? ""}\n`)).toBe(true);
  });

  it("names a schema for editors only where there is one", () => {
    expect(JSON.parse(renderJson(proposal))).toHaveProperty("$schema", proposal.schema);
    expect(renderYaml({ ...proposal, schema: null })).toMatch(/^version: 1\n/);
    expect(JSON.parse(renderJson({ ...proposal, schema: null }))).not.toHaveProperty("$schema");
  });
});

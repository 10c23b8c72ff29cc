/** Attack 68, as far as loading goes: the policy in a tree removed, emptied, linked away, hidden or doubled. */
import { describe, expect, it } from "@jest/globals";
import { loadPolicy } from "../../../src/check/policy.ts";
import type { LoadedPolicy } from "../../../src/check/policy-source.ts";
import { openSession } from "../../../src/check/session.ts";
import { TreePolicySource } from "../../../src/check/tree-policy.ts";
import { fromLatin1 } from "../../../src/encoding/bytes.ts";
import { parseRefName } from "../../../src/encoding/identifiers.ts";
import { findRepository } from "../../../src/io/repository.ts";
import { certificate, policyErrorOf, policyText, sshLine } from "../../support/policy-folder.ts";
import { withRepo } from "../../support/repo.ts";
import type { Repo } from "../../support/repo.ts";

const MAIN = parseRefName("refs/heads/main");
const INLINE = policyText({ alice: `[{ ssh: "${sshLine(1)}" }]` });
const WITH_FILE = policyText({ alice: "[{ openpgp: keys/alice.asc }]" });

/** The entries of a tree by name: mode and content, of a folder (`040000`) its own entries. */
type Entries = Readonly<Record<string, readonly [mode: string, content: string | Entries]>>;

function writeTree(repo: Repo, entries: Entries): string {
  const lines = Object.entries(entries).map(([name, [mode, content]]) => {
    if (mode === "160000") return `160000 commit ${"1".repeat(40)}\t${name}\n`;
    if (typeof content !== "string") return `040000 tree ${writeTree(repo, content)}\t${name}\n`;
    return `${mode} blob ${repo.write("blob", fromLatin1(content))}\t${name}\n`;
  });
  return repo.git(["mktree", "--missing"], { input: lines.join("") });
}

const load = (entries: Entries): Promise<LoadedPolicy> =>
  withRepo({ bare: true }, async (repo) => {
    const commit = repo.commit("policy", [], { tree: writeTree(repo, entries) });
    const session = await openSession(await findRepository(repo.dir, repo.env));
    try {
      return await loadPolicy(new TreePolicySource(session.trees, session.outlines, MAIN, commit));
    } finally {
      session.close();
    }
  });

const armored = Buffer.from(certificate(1)).toString("latin1");

describe("a policy in a tree", () => {
  it.each([
    ["a plain file", { ".signpolicy.yaml": ["100644", INLINE] }, [".signpolicy.yaml"]],
    ["one with its run bit", { ".signpolicy.yml": ["100755", INLINE] }, [".signpolicy.yml"]],
    [
      "one in .config with a key beside it",
      {
        ".config": [
          "040000",
          { signpolicyrc: ["100644", WITH_FILE], keys: ["040000", { "alice.asc": ["100644", armored] }] },
        ],
      },
      [".config/signpolicyrc", ".config/keys/alice.asc"],
    ],
    [
      "one beside code and a broken package.json",
      {
        ".signpolicy.js": ["100644", "throw 1"],
        ".signpolicyrc": ["100644", INLINE],
        "package.json": ["100644", "{ signpolicy"],
      },
      [".signpolicyrc"],
    ],
  ] as readonly (readonly [string, Entries, readonly string[]])[])("is read from %s", async (_, entries, files) => {
    const loaded = await load(entries);
    expect(loaded.files).toEqual(files);
    expect(loaded.origin.source).toBe(`ref:refs/heads/main:${files[0] ?? ""}`);
    expect(loaded.anchors.size).toBe(1);
  });
  it.each([
    ["nothing", {}, "ERR_POLICY_MISSING"],
    [
      "a policy that is not at the top",
      { src: ["040000", { ".signpolicy.yaml": ["100644", INLINE] }] },
      "ERR_POLICY_MISSING",
    ],
    ["code alone", { ".signpolicy.js": ["100644", "throw 1"] }, "ERR_POLICY_MISSING"],
    ["an emptied file", { ".signpolicy.yaml": ["100644", ""] }, "ERR_POLICY_INVALID"],
    [
      "a link",
      { ".signpolicy.yaml": ["120000", "other.yaml"], "other.yaml": ["100644", INLINE] },
      "ERR_POLICY_UNREADABLE",
    ],
    ["a folder in its place", { ".signpolicy.yaml": ["040000", { a: ["100644", INLINE] }] }, "ERR_POLICY_UNREADABLE"],
    ["a submodule in its place", { ".signpolicy.yaml": ["160000", ""] }, "ERR_POLICY_UNREADABLE"],
    [
      "two places",
      { ".signpolicy.yaml": ["100644", INLINE], ".signpolicyrc": ["100644", INLINE] },
      "ERR_POLICY_INVALID",
    ],
    [
      "two places, one of them a link",
      { ".signpolicy.yaml": ["100644", INLINE], ".signpolicyrc": ["120000", ".signpolicy.yaml"] },
      "ERR_POLICY_INVALID",
    ],
    ["a package.json that may have held one", { "package.json": ["100644", '{ "signpolicy": '] }, "ERR_POLICY_INVALID"],
    ["a package.json without one", { "package.json": ["100644", '{ "name": "signpolicy" }'] }, "ERR_POLICY_MISSING"],
    [
      "a key that is a link",
      {
        ".signpolicy.yaml": ["100644", WITH_FILE],
        keys: ["040000", { "alice.asc": ["120000", "../a"] }],
        a: ["100644", armored],
      },
      "ERR_POLICY_INVALID",
    ],
    [
      "a key behind a link",
      {
        ".signpolicy.yaml": ["100644", WITH_FILE],
        keys: ["120000", "real"],
        real: ["040000", { "alice.asc": ["100644", armored] }],
      },
      "ERR_POLICY_INVALID",
    ],
    ["a key that is absent", { ".signpolicy.yaml": ["100644", WITH_FILE] }, "ERR_POLICY_INVALID"],
  ] as readonly (readonly [string, Entries, string])[])("is refused: %s", async (_, entries, code) => {
    expect((await policyErrorOf(load(entries))).code).toBe(code);
  });
});

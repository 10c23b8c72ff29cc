import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { filePolicySource, workTreePolicySource } from "../../../src/check/file-policy.ts";
import { loadPolicy } from "../../../src/check/policy.ts";
import type { LoadedPolicy } from "../../../src/check/policy-source.ts";
import { eddsaKey, simpleCertificate, packet } from "../../support/openpgp.ts";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import { certificate, policyErrorOf, policyText, sshLine, withFolder } from "../../support/policy-folder.ts";
import type { Files } from "../../support/policy-folder.ts";

const load = (files: Files): Promise<LoadedPolicy> =>
  withFolder(files, (folder) => loadPolicy(workTreePolicySource(folder)));
const issuesOf = async (files: Files): Promise<readonly string[]> =>
  (await policyErrorOf(load(files))).issues.map(({ line, path, message }) => `${line ?? 0} ${path} ${message}`);

describe("loadPolicy", () => {
  it("reads keys from the policy and from files beside it", async () => {
    const loaded = await load({
      ".signpolicy.yaml": policyText({
        alice: "[{ openpgp: keys/alice.asc }]",
        bob: `[{ ssh: "${sshLine(1)} bob" }, { ssh: keys/bob.pub }]`,
        ca: "[{ sshCa: keys/ca.pub }]",
        dan: `[{ openpgp: ${JSON.stringify(Buffer.from(certificate(2)).toString())} }]`,
      }),
      "keys/alice.asc": certificate(1),
      "keys/bob.pub": `${sshLine(2)} bob@laptop\n`,
      "keys/ca.pub": sshLine(3),
    });
    expect(loaded.anchors.size).toBe(5);
    expect(loaded.files).toEqual([".signpolicy.yaml", "keys/alice.asc", "keys/bob.pub", "keys/ca.pub"]);
    expect(loaded.origin.source).toBe("file:.signpolicy.yaml");
  });
  it("finds key files beside a policy in .config, and names them from the top", async () => {
    const loaded = await load({
      ".config/signpolicyrc": policyText({ alice: "[{ openpgp: keys/alice.asc }]" }),
      ".config/keys/alice.asc": certificate(1),
    });
    expect(loaded.files).toEqual([".config/signpolicyrc", ".config/keys/alice.asc"]);
  });
  it("reads an administrator's file with its keys", async () => {
    await withFolder(
      { "app.yaml": policyText({ alice: "[{ openpgp: alice.asc }]" }), "alice.asc": certificate(1) },
      async (folder) => {
        const loaded = await loadPolicy(filePolicySource(join(folder, "app.yaml")));
        expect(loaded.origin.source).toBe(`file:${join(folder, "app.yaml")}`);
      },
    );
  });
  it("gives another digest for every change of the policy or a key file, and the same for none", async () => {
    const files = {
      ".signpolicy.yaml": policyText({ a: "[{ openpgp: a }, { ssh: b }]" }),
      a: certificate(1),
      b: sshLine(1),
    };
    const digestOf = async (changes: Files): Promise<string> => (await load({ ...files, ...changes })).origin.digest;
    const digest = await digestOf({});
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await digestOf({ other: "x" })).toBe(digest);
    expect(await digestOf({ ".signpolicy.yaml": `${files[".signpolicy.yaml"]}# c\n` })).not.toBe(digest);
    expect(await digestOf({ a: certificate(2) })).not.toBe(digest);
    expect(await digestOf({ b: `${sshLine(1)} comment` })).not.toBe(digest);
  });
  it("tells every bad key with its line, and the mistakes of the file in the same run", async () => {
    const issues = await issuesOf({
      ".signpolicy.yaml": policyText({
        alice: "[{ openpgp: keys/absent.asc }, { openpgp: keys/junk.asc }]",
        bob: "[{ ssh: keys/bob }, { openpgp: keys/two.asc }, { openpgp: keys/none.asc }]",
        carol: "[{ ssh: keys/two.pub }, { rsh: x }]",
      }),
      "keys/junk.asc": Buffer.from([0, 1, 2, 3, 0xff]),
      "keys/bob": "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
      "keys/two.asc": concatBytes(simpleCertificate(eddsaKey({ seed: 1 })), simpleCertificate(eddsaKey({ seed: 2 }))),
      "keys/none.asc": "",
      "keys/two.pub": `${sshLine(1)}\n${sshLine(2)}\n`,
    });
    expect(issues.map((issue) => issue.split(" ").slice(0, 2).join(" "))).toEqual([
      "5 $.principals.alice.keys[0]",
      "5 $.principals.alice.keys[1]",
      "8 $.principals.bob.keys[0]",
      "8 $.principals.bob.keys[1]",
      "8 $.principals.bob.keys[2]",
      "11 $.principals.carol.keys[1].rsh",
      "11 $.principals.carol.keys[1]",
      "11 $.principals.carol.keys[0]",
    ]);
    expect(issues[0]).toContain("there is no such file");
  });
  it("refuses secret key material", async () => {
    const secret = packet(5, eddsaKey().body);
    const issues = await issuesOf({ ".signpolicy.yaml": policyText({ a: "[{ openpgp: a }]" }), a: secret });
    expect(issues).toHaveLength(1);
    expect(
      (await load({ ".signpolicy.yaml": policyText({ a: "[{ openpgp: a }]" }), a: simpleCertificate(eddsaKey()) }))
        .anchors.size,
    ).toBe(1);
  });
  it("refuses one key of two principals, and one key twice of the same", async () => {
    const file = (bob: string): Files => ({
      ".signpolicy.yaml": policyText({ alice: `[{ ssh: "${sshLine(1)} a" }, { openpgp: one }]`, bob }),
      one: certificate(1),
      two: certificate(2),
      same: simpleCertificate(eddsaKey({ seed: 1 })),
    });
    const line = `"${sshLine(1)} another comment"`;
    for (const [keys, path] of [
      [`[{ ssh: ${line} }]`, "$.principals.bob.keys[0]"],
      [`[{ sshCa: ${line} }]`, "$.principals.bob.keys[0]"],
      ["[{ openpgp: same }]", "$.principals.bob.keys[0]"],
      ["[{ openpgp: two }, { openpgp: two }]", "$.principals.bob.keys[1]"],
    ] as const) {
      const [issue, ...others] = await issuesOf(file(keys));
      expect(issue).toContain(`${path} the key`);
      expect(issue).toContain("stands at $.principals.");
      expect(others).toEqual([]);
    }
    expect((await load(file(`[{ ssh: "${sshLine(2)}" }, { openpgp: two }]`))).anchors.size).toBe(4);
  });
  it("takes one CA for several principals, each under other names", async () => {
    const ca = (names: string): string => `[{ sshCa: "${sshLine(3)}", principals: [${names}] }]`;
    const policy = (alice: string, bob: string): Files => ({ ".signpolicy.yaml": policyText({ alice, bob }) });
    expect((await load(policy(ca("alice"), ca("bob")))).anchors.size).toBe(2);
    const [shared] = await issuesOf(policy(ca("alice, staff"), ca("bob, staff")));
    expect(shared).toContain("(a CA, for staff) stands at $.principals.alice.keys[0]");
    const [plain] = await issuesOf(policy(ca("alice"), `[{ ssh: "${sshLine(3)}" }]`));
    expect(plain).toContain("(a CA) stands at $.principals.alice.keys[0]");
  });
  it("refuses a subkey that stands in two certificates", async () => {
    const subkey = eddsaKey({ seed: 9 });
    const adopting = (seed: number): Uint8Array =>
      concatBytes(simpleCertificate(eddsaKey({ seed })), packet(14, subkey.body));
    const issues = await issuesOf({
      ".signpolicy.yaml": policyText({ alice: "[{ openpgp: one }]", bob: "[{ openpgp: two }]" }),
      one: adopting(1),
      two: adopting(2),
    });
    expect(issues).toHaveLength(1);
    expect(issues[0]).toContain(subkey.fingerprint);
  });
  it.each([
    [".signpolicy.yaml", ".signpolicy.yml"],
    [".signpolicy.json", ".config/signpolicyrc"],
    [".signpolicyrc", "package.json"],
  ])("refuses two places in one tree: %s and %s", async (first, second) => {
    const text = policyText({ alice: `[{ ssh: "${sshLine(1)}" }]` });
    const json = JSON.stringify({ signpolicy: { version: 1 } });
    const error = await policyErrorOf(load({ [first]: text, [second]: second === "package.json" ? json : text }));
    expect(error.code).toBe("ERR_POLICY_INVALID");
    expect(error.message).toContain(`${first}, ${second}`);
    expect((await load({ [first]: text })).anchors.size).toBe(1);
  });
  it("reads the member of package.json, and passes one by that has none", async () => {
    const policy = {
      version: 1,
      principals: { alice: { emails: ["a@b"], keys: [{ ssh: sshLine(1) }] } },
      rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["alice"] } }],
    };
    const loaded = await load({ "package.json": JSON.stringify({ name: "app", signpolicy: policy }) });
    expect(loaded.files).toEqual(["package.json"]);
    expect((await policyErrorOf(load({ "package.json": '{ "name": "app" }' }))).code).toBe("ERR_POLICY_MISSING");
    const withOther = { "package.json": "{ broken signpolicy", ".signpolicy.json": JSON.stringify(policy) };
    expect((await load(withOther)).files).toEqual([".signpolicy.json"]);
  });
  it("never takes a package.json that cannot be read for one without policy", async () => {
    expect((await policyErrorOf(load({ "package.json": '{ "signpolicy": {' }))).code).toBe("ERR_POLICY_INVALID");
  });
  it("denies where there is no policy (ERR_POLICY_MISSING)", async () => {
    expect((await policyErrorOf(load({ "src/.signpolicy.yaml": "version: 1" }))).code).toBe("ERR_POLICY_MISSING");
  });
  it("refuses a policy and key files behind links, folders in their place, and an administrator's file that is gone", async () => {
    const text = policyText({ alice: "[{ openpgp: keys/alice.asc }]" });
    await withFolder({ "real/policy": text, "real/alice.asc": certificate(1), "top/x": "" }, async (folder) => {
      const top = join(folder, "top");
      symlinkSync("../real/policy", join(top, ".signpolicy.yaml"));
      expect((await policyErrorOf(loadPolicy(workTreePolicySource(top)))).code).toBe("ERR_POLICY_UNREADABLE");
    });
    await withFolder({ ".signpolicy.yaml": text, "real/alice.asc": certificate(1) }, async (folder) => {
      symlinkSync("real", join(folder, "keys"));
      const [issue] = (await policyErrorOf(loadPolicy(workTreePolicySource(folder)))).issues;
      expect(issue?.message).toContain("symbolic link");
    });
    await withFolder({ "real/signpolicyrc": text }, async (folder) => {
      symlinkSync("real", join(folder, ".config"));
      expect((await policyErrorOf(loadPolicy(workTreePolicySource(folder)))).code).toBe("ERR_POLICY_UNREADABLE");
    });
    expect((await policyErrorOf(load({ ".signpolicyrc/x": "" }))).code).toBe("ERR_POLICY_UNREADABLE");
    expect((await policyErrorOf(loadPolicy(filePolicySource("/nowhere/policy.yaml")))).code).toBe(
      "ERR_POLICY_UNREADABLE",
    );
  });
  it("refuses files over the caps, and takes those at them", async () => {
    const text = policyText({ alice: "[{ ssh: a.pub }]" });
    const padded = (size: number): string => text.padEnd(size, "#".padEnd(80, "x") + "\n");
    const error = await policyErrorOf(load({ ".signpolicy.yaml": padded(4 * 1024 * 1024 + 1), "a.pub": sshLine(1) }));
    expect(error.code).toBe("ERR_POLICY_TOO_LARGE");
    expect((await load({ ".signpolicy.yaml": padded(4 * 1024 * 1024), "a.pub": sshLine(1) })).anchors.size).toBe(1);
    const key = (size: number): Files => ({ ".signpolicy.yaml": text, "a.pub": sshLine(1).padEnd(size, " ") });
    const large = await policyErrorOf(load(key(2 * 1024 * 1024 + 1)));
    expect(large.issues).toHaveLength(1);
    expect(large).toMatchObject({ code: "ERR_POLICY_TOO_LARGE", verdict: "resource-limit" });
    expect((await load(key(2 * 1024 * 1024))).anchors.size).toBe(1);
    const block = `-----BEGIN PGP PUBLIC KEY BLOCK-----\\n\\n${"A".repeat(2 * 1024 * 1024)}`;
    const inline = await policyErrorOf(
      load({ ".signpolicy.yaml": policyText({ alice: `[{ openpgp: "${block}" }]` }) }),
    );
    expect(inline.code).toBe("ERR_POLICY_TOO_LARGE");
    const withMistake = { ...key(2 * 1024 * 1024 + 1), ".signpolicy.yaml": `${text}unmatched: maybe\n` };
    expect(await policyErrorOf(load(withMistake))).toMatchObject({
      code: "ERR_POLICY_INVALID",
      verdict: "policy-missing",
    });
  });
});

/** Attack rule 41: a signature made for something else (`ssh-keygen -Y sign -n file`) pasted into a commit. */
import { describe, expect, it } from "@jest/globals";
import { verifySsh } from "../../src/signature/ssh/verify.ts";
import { TIMES, caEntry, certify, ed25519Key, keyEntry, sshSig, sshTrust, text } from "../support/ssh.ts";
import type { SshSigOptions } from "../support/ssh.ts";

const PAYLOAD = text("a commit");
const key = ed25519Key();
const verify = (options: SshSigOptions, namespaces = ["git"]) =>
  verifySsh(sshSig(key, PAYLOAD, options), PAYLOAD, sshTrust([keyEntry(key, { namespaces })]), TIMES);

describe("a signature of another namespace (rule 41)", () => {
  it.each([["file"], ["email"], [""], ["gi"], ["gitx"], ["git\0"], ["git "], ["Git"], ["git\0file"], ["\0git"]])(
    "refutes %j (wrong-namespace)",
    async (namespace) => {
      expect(await verify({ namespace })).toBeRefuted("wrong-namespace");
    },
  );
  it("refutes it even where the policy lists the key for that namespace", async () => {
    expect(await verify({ namespace: "file" }, ["git", "file"])).toBeRefuted("wrong-namespace");
  });
  it("refutes a blob that says git around a structure signed for another namespace (bad-signature)", async () => {
    expect(await verify({ namespace: "git", signedNamespace: "file" })).toBeRefuted("bad-signature");
  });
  it("refutes git where the policy lists the key for other namespaces only (wrong-namespace)", async () => {
    expect(await verify({}, ["file"])).toBeRefuted("wrong-namespace");
    expect(await verify({}, [])).toBeRefuted("wrong-namespace");
    expect(await verify({}, ["g*", "git\0", "GIT"])).toBeRefuted("wrong-namespace");
  });
  it("holds a CA's entry to its namespaces too", async () => {
    const ca = ed25519Key();
    const signature = sshSig(key, PAYLOAD, { publicKey: certify(ca, key) });
    const entry = caEntry(ca, { namespaces: ["file"] });
    expect(await verifySsh(signature, PAYLOAD, sshTrust([entry]), TIMES)).toBeRefuted("wrong-namespace");
  });
  it("verifies git, alone or among others", async () => {
    expect(await verify({})).toMatchObject({ outcome: "verified" });
    expect(await verify({}, ["file", "git"])).toMatchObject({ outcome: "verified" });
  });
});

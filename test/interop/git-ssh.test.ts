/** What `git commit -S` and `git tag -s` write with `gpg.format=ssh`, read and verified by us, with `git verify-*` as witness. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import { parseObjectId } from "../../src/encoding/identifiers.ts";
import type { Commit, Evidence, HashAlgorithm, Tag } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import type { AnchorEntry } from "../../src/signature/anchors.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { Repo, WHO } from "../support/repo.ts";
import { ALGORITHMS } from "../support/ssh.ts";
import { describeWith } from "../support/tools.ts";

const CLAIMED = 1_700_000_000;
const NOW = CLAIMED + 3600;

describeWith(["git", "ssh-keygen"], "git with gpg.format=ssh", () => {
  describe.each(["sha1", "sha256"] as const)("in a %s repository", (algorithm: HashAlgorithm) => {
    let repo: Repo;

    beforeAll(() => {
      repo = new Repo({ algorithm });
      repo.config("gpg.format", "ssh");
      for (const name of ["alice", "mallory", "ca"]) {
        repo.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", path(name)]);
      }
      const cert = ["-q", "-s", path("ca"), "-I", "id", "-n", WHO.email, path("alice.pub")];
      repo.run("ssh-keygen", cert);
      writeFileSync(path("allowed"), `${WHO.email} ${line("alice")}`);
      repo.config("gpg.ssh.allowedSignersFile", path("allowed"));
      repo.config("user.signingKey", path("alice.pub"));
    });
    afterAll(() => {
      repo.remove();
    });

    const path = (file: string): string => join(repo.root, file);
    const line = (name: string): string => readFileSync(path(`${name}.pub`), "latin1");
    const entry = (name: string): AnchorEntry => {
      return { kind: "ssh", key: parseSshPublicKey(line(name)), principal: name, window: {}, namespaces: ["git"] };
    };
    const anchors = (...entries: AnchorEntry[]) => createAnchors(entries, ALGORITHMS);
    const verify = async (signed: Commit | Tag, ...entries: AnchorEntry[]): Promise<Evidence> => {
      const claimed = signed.kind === "commit" ? signed.committer.at : (signed.tagger?.at ?? null);
      const [evidence] = await verifySigned(signed, anchors(...entries), { now: NOW, claimed, receivedAt: null });
      return evidence;
    };
    const commitAt = (revision: string): Commit => {
      const oid = parseObjectId(repo.git(["rev-parse", revision]));
      return parseCommit(oid, repo.raw("commit", oid), algorithm);
    };
    const tagAt = (name: string): Tag => {
      const oid = parseObjectId(repo.git(["rev-parse", `refs/tags/${name}`]));
      return parseTag(oid, repo.raw("tag", oid), algorithm);
    };
    const commit = (message: string, ...more: string[]): Commit => {
      repo.git(["commit", "--allow-empty", "--quiet", "-m", message, ...more]);
      return commitAt("HEAD");
    };
    const gitAccepts = (command: "verify-commit" | "verify-tag", object: string): boolean =>
      repo.run("git", [command, object]).status === 0;

    it("verifies a signed commit", async () => {
      const signed = commit("first", "-S");
      expect(await verify(signed, entry("alice"))).toMatchObject({
        outcome: "verified",
        signedAt: CLAIMED,
        signer: { principal: "alice" },
      });
      expect(gitAccepts("verify-commit", "HEAD")).toBe(true);
    });
    it("finds an unsigned commit unsigned (unsigned)", async () => {
      expect(await verify(commit("plain", "--no-gpg-sign"), entry("alice"))).toMatchObject({
        outcome: "absent",
        code: "unsigned",
      });
    });
    it("verifies a signed tag, and refutes it with one byte changed (bad-signature)", async () => {
      repo.git(["tag", "-s", "-m", "release\n\nwith text", "v1"]);
      const tag = tagAt("v1");
      expect(await verify(tag, entry("alice"))).toMatchObject({ outcome: "verified", signer: { principal: "alice" } });
      expect(gitAccepts("verify-tag", "v1")).toBe(true);
      const changed = latin1(repo.raw("tag", "v1")).replace("with text", "with t3xt");
      const forged = parseTag(tag.oid, fromLatin1(changed), algorithm);
      expect(await verify(forged, entry("alice"))).toBeRefuted("bad-signature");
    });
    it("leaves another key's commit undecided (unknown-key)", async () => {
      const signed = commit("mallory's", `-S${path("mallory.pub")}`);
      expect(await verify(signed, entry("alice"))).toMatchObject({ outcome: "undecided", code: "unknown-key" });
      expect(await verify(signed, entry("alice"), entry("mallory"))).toMatchObject({
        signer: { principal: "mallory" },
      });
      expect(gitAccepts("verify-commit", "HEAD")).toBe(false);
    });
    it("refutes an amended message under the old signature (bad-signature)", async () => {
      commit("pay 1 to bob", "-S");
      const raw = latin1(repo.raw("commit", "HEAD")).replace("pay 1 to bob", "pay 9 to bob");
      const oid = repo.write("commit", fromLatin1(raw));
      expect(await verify(commitAt(oid), entry("alice"))).toBeRefuted("bad-signature");
      expect(gitAccepts("verify-commit", oid)).toBe(false);
    });
    it("refutes the signature of another commit (bad-signature)", async () => {
      const first = commit("one", "-S");
      const second = commit("two", "-S");
      const swapped = { ...second, signatures: first.signatures };
      expect(await verify(swapped, entry("alice"))).toBeRefuted("bad-signature");
    });
    it("refutes a commit's signature at the end of a tag (bad-signature)", async () => {
      const signed = commit("signed", "-S");
      repo.git(["tag", "-s", "-m", "release", "v2"]);
      expect(await verify({ ...tagAt("v2"), signatures: signed.signatures }, entry("alice"))).toBeRefuted(
        "bad-signature",
      );
    });
    it("verifies bytes that are not UTF-8, CRLF, an encoding header and an empty message", async () => {
      const message = path("message");
      writeFileSync(message, Buffer.from("caf\xe9\r\n\r\nbody\r\n", "latin1"));
      const config = ["-c", "i18n.commitEncoding=ISO-8859-1"];
      repo.git([...config, "commit", "--allow-empty", "--quiet", "--cleanup=verbatim", "-S", "-F", message]);
      expect(latin1(repo.raw("commit", "HEAD"))).toContain("encoding ISO-8859-1\ngpgsig");
      expect(await verify(commitAt("HEAD"), entry("alice"))).toMatchObject({ outcome: "verified" });
      const empty = commit("", "-S", "--allow-empty-message");
      expect(await verify(empty, entry("alice"))).toMatchObject({ outcome: "verified" });
    });
    it("verifies a merge of a signed tag, whose signature stands in the mergetag header", async () => {
      repo.git(["checkout", "--quiet", "-b", "topic"]);
      commit("topic work", "-S");
      repo.git(["tag", "-s", "-m", "topic release", "v3"]);
      repo.git(["checkout", "--quiet", "main"]);
      commit("main work", "-S");
      repo.git(["merge", "--quiet", "--no-ff", "-S", "-m", "merge", "v3"]);
      expect(latin1(repo.raw("commit", "HEAD"))).toContain("\nmergetag object ");
      expect(await verify(commitAt("HEAD"), entry("alice"))).toMatchObject({ outcome: "verified" });
    });
    it("finds an unsigned merge of a signed tag unsigned (unsigned)", async () => {
      repo.git(["checkout", "--quiet", "-b", "topic2"]);
      commit("topic work 2", "-S");
      repo.git(["tag", "-s", "-m", "topic release", "v4"]);
      repo.git(["checkout", "--quiet", "main"]);
      commit("main work 2", "-S");
      repo.git(["merge", "--quiet", "--no-ff", "--no-gpg-sign", "-m", "merge", "v4"]);
      expect(await verify(commitAt("HEAD"), entry("alice"))).toMatchObject({ outcome: "absent", code: "unsigned" });
    });
    it("refutes a commit with its signature header twice (multiple-signatures)", async () => {
      commit("twice", "-S");
      const raw = latin1(repo.raw("commit", "HEAD"));
      const header = /\n(gpgsig(?:-sha256)? [^]*?-----END SSH SIGNATURE-----\n)/u.exec(raw)?.[1] ?? "";
      const oid = repo.write("commit", fromLatin1(raw.replace(header, () => header + header)));
      expect(await verify(commitAt(oid), entry("alice"))).toBeRefuted("multiple-signatures");
    });
    it("verifies through a certificate, by its CA and by nothing else", async () => {
      const signed = commit("certified", `-S${path("alice-cert.pub")}`);
      const key = parseSshPublicKey(line("ca"));
      const ca: AnchorEntry = {
        kind: "sshCa",
        key,
        principal: "alice",
        window: {},
        namespaces: ["git"],
        principals: [WHO.email],
      };
      expect(await verify(signed, ca)).toMatchObject({
        outcome: "verified",
        signer: { principal: "alice", key: { primary: key.fingerprint } },
      });
      expect(await verify(signed, entry("alice"), entry("ca"))).toBeRefuted("unknown-key");
      expect(await verify(signed, { ...ca, principals: ["bob@example.org"] })).toBeRefuted("cert-invalid");
    });
    it("verifies a nested tag, each layer by itself", async () => {
      repo.git(["tag", "-s", "-m", "inner", "inner"]);
      repo.git(["tag", "-s", "-m", "outer", "outer", "inner"]);
      for (const name of ["inner", "outer"]) {
        expect(await verify(tagAt(name), entry("alice"))).toMatchObject({ outcome: "verified" });
      }
      expect(tagAt("outer").targetKind).toBe("tag");
    });
  });
});

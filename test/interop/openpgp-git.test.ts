/** Commits and tags that git signed with gpg, split and verified by us from their stored bytes. */
import { expect, it } from "@jest/globals";
import { fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes, Evidence, Signed } from "../../src/model.ts";
import { createAnchors } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { verifySigned } from "../../src/signature/verify.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { parseObjectId } from "../../src/encoding/identifiers.ts";
import { withGnupgHome } from "../support/gpg.ts";
import { ALGORITHMS } from "../support/openpgp.ts";
import { Repo } from "../support/repo.ts";
import { describeWith } from "../support/tools.ts";

async function verify(signed: Signed, certificate: Bytes): Promise<Evidence> {
  const entry = { kind: "openpgp", certificate: readCertificate(certificate), principal: "alice", window: {} } as const;
  const now = Math.floor(Date.now() / 1000);
  const [evidence] = await verifySigned(signed, createAnchors([entry], ALGORITHMS), {
    now,
    claimed: null,
    receivedAt: null,
  });
  return evidence;
}

describeWith(["git", "gpg"], "git and gpg sign, we verify", () => {
  it.each(["sha1", "sha256"] as const)(
    "commits, merges and tags of a %s repository",
    async (algorithm) => {
      await withGnupgHome(async (gpg) => {
        const key = gpg.generateKey("Alice Example <alice@example.org>", "ed25519", { usage: "sign" });
        const certificate = gpg.exportKey(key);
        const repo = new Repo({ algorithm });
        try {
          const env = { GNUPGHOME: gpg.home };
          const settings = ["-c", `user.signingKey=${key}`, "-c", "gpg.program=gpg"];
          const git = (...args: string[]): string => repo.git([...settings, ...args], { env });
          git("commit", "--quiet", "--allow-empty", "-S", "-m", "first");
          git("checkout", "--quiet", "-b", "side");
          git("commit", "--quiet", "--allow-empty", "-S", "--cleanup=verbatim", "-m", "caf\xe9  \r\n\n trailing \n\n");
          git("checkout", "--quiet", "main");
          git("merge", "--quiet", "--no-ff", "-S", "-m", "merge", "side");
          git("tag", "-s", "-m", "release", "v1.0");
          const objects = git("rev-list", "--all").split("\n");
          expect(objects).toHaveLength(3);
          for (const oid of objects) {
            const raw = repo.gitBytes(["cat-file", "commit", oid]);
            const commit = parseCommit(parseObjectId(oid), raw, algorithm);
            const evidence = await verify(commit, certificate);
            expect(evidence).toMatchObject({
              outcome: "verified",
              lapsed: null,
              signer: { key: { fingerprint: key } },
            });
            expect(repo.run("git", [...settings, "verify-commit", oid], { env }).status).toBe(0);
            const changed = { ...commit, payload: Buffer.concat([commit.payload, fromLatin1(" ")]) };
            expect(await verify(changed, certificate)).toBeRefuted("bad-signature");
          }
          const tagId = git("rev-parse", "v1.0");
          const tag = parseTag(parseObjectId(tagId), repo.gitBytes(["cat-file", "tag", tagId]), algorithm);
          expect(await verify(tag, certificate)).toMatchObject({ outcome: "verified" });
          const [commitId = ""] = objects;
          const commit = parseCommit(
            parseObjectId(commitId),
            repo.gitBytes(["cat-file", "commit", commitId]),
            algorithm,
          );
          const swapped = { payload: commit.payload, signatures: tag.signatures };
          expect(await verify(swapped, certificate)).toBeRefuted("bad-signature");
        } finally {
          repo.remove();
        }
      });
    },
    60_000,
  );
});

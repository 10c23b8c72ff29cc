import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWith, itWith } from "../support/tools.ts";

const project = resolve(".");

describeWith(["git", "ssh-keygen"], "a release", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "release-test-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (program: string, args: readonly string[], cwd = project) => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd, env, encoding: "utf8", maxBuffer: 1 << 26 });
    return { status, stdout, stderr };
  };
  const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");
  const state = (): readonly string[] => [
    run("git", ["rev-parse", "HEAD"]).stdout,
    run("git", ["tag", "--list"]).stdout,
    run("git", ["status", "--porcelain"]).stdout,
  ];

  it("in a dry run is a package, its bill, a signed tag with the digests of both, and notes that say how to verify them", () => {
    const before = state();
    const out = join(folder, "out");
    const done = run(process.execPath, ["scripts/release.mjs", "9.9.9", "--dry-run", "--out", out]);
    expect(done).toMatchObject({ status: 0, stderr: "" });
    expect(state()).toEqual(before);

    const tarball = readFileSync(join(out, "signpolicy-9.9.9.tgz"));
    const bill = readFileSync(join(out, "sbom.cdx.json"));
    const tag = readFileSync(join(out, "tag.txt"), "utf8");
    const notes = readFileSync(join(out, "NOTES.md"), "utf8");
    for (const text of [tag, notes]) {
      expect(text).toContain(`${sha256(tarball)}  signpolicy-9.9.9.tgz`);
      expect(text).toContain(`${sha256(bill)}  sbom.cdx.json`);
      // One byte changed is another digest.
      expect(text).not.toContain(sha256(Buffer.concat([tarball, Buffer.from([0])])));
    }
    expect(tag).toContain("-----BEGIN SSH SIGNATURE-----");
    for (const words of ["git verify-tag v9.9.9", "npm audit signatures", "npm pack"]) expect(notes).toContain(words);

    const unpacked = run("tar", ["-xzf", join(out, "signpolicy-9.9.9.tgz"), "-C", folder]);
    expect(unpacked.status).toBe(0);
    const inside = readFileSync(join(folder, "package", "sbom.cdx.json"));
    expect(inside.equals(bill)).toBe(true);
    const { bomFormat, metadata, components } = JSON.parse(inside.toString("utf8")) as {
      readonly bomFormat: string;
      readonly metadata: { readonly component: { readonly purl: string } };
      readonly components: readonly {
        readonly name: string;
        readonly version: string;
        readonly purl: string;
        readonly hashes: readonly { readonly alg: string }[];
      }[];
    };
    expect({ bomFormat, purl: metadata.component.purl }).toEqual({
      bomFormat: "CycloneDX",
      purl: "pkg:npm/signpolicy@9.9.9",
    });
    const notices = readFileSync(join(folder, "package", "dist", "THIRD-PARTY.txt"), "utf8");
    const bundled = [...notices.matchAll(/^ {2}(\S+) (\S+) \(/gm)].map(([, name, version]) => `${name}@${version}`);
    const listed = components.map(({ name, version }) => `${name}@${version}`);
    expect(listed).toEqual(expect.arrayContaining(bundled));
    expect(listed.some((one) => one.startsWith("openpgp@"))).toBe(true);
    expect(listed.some((one) => /^(?:jest|eslint|typescript)@/.test(one))).toBe(false);
    for (const { hashes } of components) expect(hashes.map(({ alg }) => alg)).toContain("SHA-512");
  }, 180_000);

  itWith(
    "the project's whole history",
    "by a maintainer of the policy is one that a user can verify as the notes say and build again; by anybody else it is none",
    () => {
      const clone = join(folder, "project");
      const must = (program: string, args: readonly string[], cwd: string): string => {
        const done = run(program, args, cwd);
        expect(done).toMatchObject({ status: 0 });
        return done.stdout;
      };
      const withPackages = (at: string): void => symlinkSync(join(project, "node_modules"), join(at, "node_modules"));
      must("git", ["clone", "-q", "--no-hardlinks", project, clone], folder);
      must("git", ["switch", "-q", "-C", "main"], clone);
      must("git", ["remote", "remove", "origin"], clone);
      withPackages(clone);
      must("git", ["config", "user.name", "A Maintainer"], clone);
      must("git", ["config", "user.email", "maintainer@example.org"], clone);
      const program = join(project, "dist", "signpolicy.cjs");
      must(process.execPath, [program, "init", "--yes", "--new-key", "--no-hooks"], clone);
      must(process.execPath, [program, "keys", "export", "allowed-signers", "--write"], clone);
      const changelog = readFileSync(join(clone, "CHANGELOG.md"), "utf8");
      writeFileSync(join(clone, "CHANGELOG.md"), changelog.replace(/^## /m, "## 9.9.8\n\n- A change.\n\n## "));
      must("git", ["add", ".signpolicy.yaml", "CHANGELOG.md"], clone);
      must("git", ["commit", "-q", "-m", "Enforce the signing policy"], clone);
      const base = must("git", ["rev-parse", "HEAD"], clone).trim();

      const stranger = join(folder, "stranger");
      must("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", stranger], folder);
      const signers = must("git", ["config", "gpg.ssh.allowedSignersFile"], clone).trim();
      const trusted = join(folder, "trusts_everybody");
      writeFileSync(trusted, `* ${readFileSync(`${stranger}.pub`, "utf8")}`);
      const signingKey = must("git", ["config", "user.signingkey"], clone).trim();
      const signWith = (key: string, allowed: string): void => {
        must("git", ["config", "user.signingkey", key], clone);
        must("git", ["config", "gpg.ssh.allowedSignersFile", allowed], clone);
      };
      signWith(`${stranger}.pub`, trusted);
      const args = ["scripts/release.mjs", "9.9.8", "--out", join(folder, "released")];
      const refused = run(process.execPath, args, clone);
      expect(refused.status).toBe(1);
      expect(refused.stderr).toContain("release: error: the tag does not verify");
      expect(must("git", ["tag", "--list", "v9.9.8"], clone)).toBe("");
      must("git", ["reset", "-q", "--hard", base], clone);
      signWith(signingKey, signers);

      const said = must(process.execPath, args, clone);
      expect(said).toContain("next: git push origin HEAD v9.9.8");
      const notes = readFileSync(join(folder, "released", "NOTES.md"), "utf8");
      expect(notes).toContain("- A change.");

      // A user, with a clone and the notes; nothing is published here, so the registry's part is left out.
      const user = join(folder, "user");
      must("git", ["clone", "-q", clone, user], folder);
      must("git", ["config", "gpg.ssh.allowedSignersFile", signers], user);
      must("git", ["verify-tag", "v9.9.8"], user);
      const digest = /^([0-9a-f]{64})\s+signpolicy-9\.9\.8\.tgz$/m.exec(
        must("git", ["cat-file", "tag", "v9.9.8"], user),
      )?.[1];
      expect(digest).toBe(sha256(readFileSync(join(folder, "released", "signpolicy-9.9.8.tgz"))));
      expect(notes).toContain("signpolicy verify --no-walk --policy COPY refs/tags/v9.9.8");
      const copy = join(folder, "trusted.yaml");
      writeFileSync(copy, readFileSync(join(clone, ".signpolicy.yaml")));
      must(process.execPath, [program, "verify", "--no-walk", "--policy", copy, "refs/tags/v9.9.8"], user);
      const bill = must(
        "tar",
        ["-xOzf", join(folder, "released", "signpolicy-9.9.8.tgz"), "package/sbom.cdx.json"],
        user,
      );
      expect(notes).toContain(`${sha256(Buffer.from(bill))}  sbom.cdx.json`);
      must("git", ["checkout", "-q", "v9.9.8"], user);
      withPackages(user);
      must("npm", ["pack", "--silent"], user);
      expect(sha256(readFileSync(join(user, "signpolicy-9.9.8.tgz")))).toBe(digest);
    },
    240_000,
  );

  it.each(["1.2", "v1.2.3", "1.2.3 && true", ""])("of %j is refused: that is no version", (version) => {
    const { status, stderr } = run(process.execPath, ["scripts/release.mjs", version]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^release: error: '.*' is no version\nrelease: hint: /);
  });
});

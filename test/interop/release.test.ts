import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { describeWith } from "../support/tools.ts";

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

  it.each(["1.2", "v1.2.3", "1.2.3 && true", ""])("of %j is refused: that is no version", (version) => {
    const { status, stderr } = run(process.execPath, ["scripts/release.mjs", version]);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^release: error: '.*' is no version\nrelease: hint: /);
  });
});

describeWith(["git", "ssh-keygen"], "this repository's own policy, in a clone of it", () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), "own-policy-"));
  });
  afterAll(() => rmSync(home, { recursive: true }));

  it("is none until somebody gives a key, then a signed history passes and an unsigned commit fails (unsigned)", () => {
    const clone = join(home, "clone");
    const run = (program: string, ...args: readonly string[]) => {
      const env = { PATH: process.env["PATH"] ?? "", HOME: home, GIT_CONFIG_NOSYSTEM: "1", LC_ALL: "C" };
      const { status, stdout, stderr } = spawnSync(program, args, { cwd: clone, env, encoding: "utf8" });
      return { status, said: stdout + stderr };
    };
    const git = (...args: readonly string[]) => expect(run("git", ...args)).toMatchObject({ status: 0 });
    const expectOwnPolicy = (code: number, words: string): void => {
      const { status, said } = run(process.execPath, "scripts/own-policy.mjs");
      expect(said).toContain(words);
      expect(status).toBe(code);
    };
    expect(spawnSync("git", ["clone", "-q", "--no-hardlinks", project, clone]).status).toBe(0);
    for (const name of ["dist", "node_modules"]) symlinkSync(join(project, name), join(clone, name));
    git("config", "user.name", "A Maintainer");
    git("config", "user.email", "maintainer@example.org");
    // Its remote is the project's own folder, which has no policy.
    git("remote", "remove", "origin");
    expectOwnPolicy(0, "nobody has put a policy");

    const init = run(process.execPath, "dist/signpolicy.cjs", "init", "--yes", "--new-key", "--no-hooks");
    expect(init).toMatchObject({ status: 0 });
    git("add", ".signpolicy.yaml");
    git("commit", "-q", "-S", "-m", "Enforce the signing policy");
    expectOwnPolicy(0, "satisfies");

    git("commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "not signed");
    expectOwnPolicy(1, "unsigned");
    git("reset", "-q", "--hard", "HEAD~1");
    appendFileSync(join(clone, ".signpolicy.yaml"), "nonsense: true\n");
    expectOwnPolicy(2, "nonsense");
  }, 120_000);
});

import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(120_000);

/** The package as `npm pack` makes it, unpacked where `npm install` puts it. */
describeWith(["git", "ssh-keygen"], "the packed package in a scratch project", () => {
  let clone: Clone;
  let server: string;
  const signpolicy = (...words: string[]) => clone.run("node_modules/.bin/signpolicy", words);

  beforeAll(() => {
    clone = new Clone();
    clone.addPackages();
    const modules = join(clone.top, "node_modules");
    // No scripts: the build that `prepack` starts would pull dist from under tests that run beside this one.
    const pack = ["pack", "--ignore-scripts", "--silent", "--pack-destination", clone.root];
    expect(clone.run("npm", pack, { cwd: projectRoot }).status).toBe(0);
    mkdirSync(join(modules, "signpolicy"));
    const tarball = clone.run("sh", ["-c", 'ls "$1"/*.tgz', "sh", clone.root]).output.trim();
    expect(clone.run("tar", ["-xzf", tarball, "-C", join(modules, "signpolicy"), "--strip-components=1"]).status).toBe(
      0,
    );
    symlinkSync(join(projectRoot, "node_modules/openpgp"), join(modules, "openpgp"));
    rmSync(join(modules, ".bin/signpolicy"));
    symlinkSync("../signpolicy/dist/signpolicy.cjs", join(modules, ".bin/signpolicy"));
    clone.run("chmod", ["+x", join(modules, "signpolicy/dist/signpolicy.cjs")]);
    const key = join(clone.root, "key");
    clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const [type, base64] = clone.run("cat", [`${key}.pub`]).output.split(" ");
    const policy = {
      version: 1,
      principals: { n: { name: "N", emails: ["n@example.org"], keys: [{ ssh: `${type ?? ""} ${base64 ?? ""}` }] } },
      rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["n"] } }],
    };
    clone.write(".signpolicy.json", JSON.stringify(policy));
    clone.write("package.json", '{ "devDependencies": { "husky": "^9" } }\n');
    clone.write(".gitignore", "node_modules\n");
    for (const [name, value] of Object.entries({
      "gpg.format": "ssh",
      "user.signingkey": key,
      "commit.gpgsign": "true",
    })) {
      clone.git("config", name, value);
    }
    server = join(clone.root, "server.git");
    clone.git("init", "-q", "--bare", server);
  });
  afterAll(() => clone.remove());

  it("installs, and stops an unsigned commit at pre-commit, at pre-push and on the server", () => {
    expect(signpolicy("install").status).toBe(0);
    expect(signpolicy("check-install")).toMatchObject({ status: 0 });
    expect(signpolicy("install", "--server", server, "--policy", ".signpolicy.json").status).toBe(0);
    expect(signpolicy("check-install", "--server", server).status).toBe(0);
    clone.git("add", "-A");
    clone.git("commit", "-q", "-m", "signed");
    expect(clone.run("git", ["push", "-q", server, "main"]).status).toBe(0);
    const unsigned = ["-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "x"];
    expect(clone.run("git", unsigned).output).toContain("unsigned");
    expect(clone.git("log", "--format=%s")).toBe("signed");
    const slipped = clone.run("git", [...unsigned, "--no-verify"]);
    expect(slipped).toMatchObject({ status: 0, output: expect.stringContaining("warning: unsigned") });
    const early = clone.run("git", ["push", "-q", server, "main"]);
    expect([early.status, early.output]).toEqual([1, expect.stringMatching(/^error: .*\n[^]*unsigned/m)]);
    expect(early.output).not.toContain("remote:");
    const late = clone.run("git", ["push", "-q", "--no-verify", server, "main"]);
    expect([late.status, late.output]).toEqual([1, expect.stringMatching(/remote: error: .*unsigned/)]);
  });

  it("is gone after uninstall: commits and pushes are free", () => {
    expect(signpolicy("uninstall").status).toBe(0);
    expect(signpolicy("uninstall", "--server", server).status).toBe(0);
    clone.git("-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "free");
    expect(clone.run("git", ["push", "-q", server, "main"]).status).toBe(0);
  });
});

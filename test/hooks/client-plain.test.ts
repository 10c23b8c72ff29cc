import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { installClient, uninstallClient } from "../../src/check/install-client.ts";
import { Clone, projectRoot } from "../support/clone.ts";

jest.setTimeout(60_000);

let clone: Clone;

beforeEach(() => {
  clone = new Clone("my app's");
  clone.addPackages(".", false);
  clone.write("package.json", '{ "name": "app" }\n');
  clone.write(".gitignore", "node_modules\n");
});
afterEach(() => clone.remove());

const install = (directory = clone.top) => installClient({ directory, environment: clone.environment });
const uninstall = (directory = clone.top) => uninstallClient({ directory, environment: clone.environment });
const ALL = ["hook pre-commit", "hook post-commit"];

describe("install into git's hooks directory", () => {
  it("is the way without husky; git runs it, a second time changes nothing, uninstall gives back every byte", async () => {
    const before = clone.snapshot();
    await install();
    const once = clone.snapshot();
    await install();
    expect(clone.snapshot()).toEqual(once);
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(clone.calls()).toEqual(ALL);
    await uninstall();
    clone.git("update-ref", "-d", "HEAD");
    clone.run("rm", ["-f", ".git/COMMIT_EDITMSG"]);
    expect(clone.snapshot()).toEqual(before);
  });

  it("keeps a hook that was there: it is called with the same arguments and comes back as it was", async () => {
    clone.write(".git/hooks/pre-push", "#!/bin/sh\ncat\n", 0o750);
    clone.write(".git/hooks/post-commit", "#!/bin/sh\necho kept post-commit\n", 0o755);
    const before = clone.snapshot();
    await install();
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    clone.git("init", "-q", "--bare", "../server.git");
    clone.git("push", "-q", "../server.git", "main");
    const kept = ".git/hooks/pre-push.signpolicy-kept";
    expect(clone.calls()).toEqual([
      "hook pre-commit",
      "hook post-commit --then .git/hooks/post-commit.signpolicy-kept",
      `hook pre-push --then ${kept} ../server.git ../server.git`,
    ]);
    await uninstall();
    const after = clone.snapshot();
    for (const [path, content] of Object.entries(before)) expect([path, after[path]]).toEqual([path, content]);
    expect(Object.keys(after).filter((path) => path.startsWith(".git/hooks/") && !(path in before))).toEqual([]);
  });

  it("does not run a kept hook that git would not have run", async () => {
    clone.write(".git/hooks/pre-commit", "#!/bin/sh\nexit 1\n", 0o644);
    await install();
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(clone.calls()).toEqual(ALL);
  });

  it("never loses a hook: with one kept and another written since, it refuses", async () => {
    clone.write(".git/hooks/pre-commit", "#!/bin/sh\necho first\n", 0o755);
    await install();
    clone.write(".git/hooks/pre-commit", "#!/bin/sh\necho second\n", 0o755);
    const before = clone.snapshot();
    await expect(install()).rejects.toThrow(/keeps an earlier one/);
    expect(clone.snapshot()).toEqual(before);
  });

  it("denies when the program is gone; the kept post-commit still runs", async () => {
    clone.write(".git/hooks/post-commit", '#!/bin/sh\ntouch "$PROBE_FOLDER/ran"\n', 0o755);
    await install();
    const hook = clone.read(".git/hooks/pre-commit").replace(/\[ -e "\$program" \] \|\| program=.*\n/, "");
    for (const name of ["pre-commit", "post-commit"]) clone.write(`.git/hooks/${name}`, hook, 0o755);
    clone.run("rm", ["node_modules/.bin/signpolicy"]);
    const { status, output } = clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"]);
    expect([status === 0, output]).toEqual([false, expect.stringContaining("npm install")]);
    clone.git("commit", "-q", "--allow-empty", "--no-verify", "-m", "x");
    expect(clone.run("ls", [".."]).output).toContain("ran");
  });

  it("gives a team the prepare script, which keeps quiet where nothing is installed", async () => {
    await install();
    const { scripts } = JSON.parse(clone.read("package.json")) as { scripts: { prepare: string } };
    expect(scripts.prepare).toBe("signpolicy install --via hooks || exit 0");
    expect(clone.run("sh", ["-c", scripts.prepare]).status).toBe(0);
  });

  it("run by prepare leaves package.json alone, and does nothing in CI", async () => {
    const before = clone.snapshot();
    const run = (CI: string) =>
      installClient({
        directory: clone.top,
        environment: { ...clone.environment, npm_lifecycle_event: "prepare", CI },
      });
    await run("true");
    expect(clone.snapshot()).toEqual(before);
    const outside = { ...clone.environment, npm_lifecycle_event: "prepare" };
    expect(await installClient({ directory: clone.root, environment: outside })).toMatchObject({ steps: [] });
    await run("");
    expect(clone.read("package.json")).toBe('{ "name": "app" }\n');
    expect(clone.has(".git/hooks/pre-push")).toBe(true);
  });
});

describe("git's hooks directory is where git says", () => {
  it("in a linked work tree: the common one, with the copy that installed where there is no node_modules", async () => {
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    clone.git("worktree", "add", "-q", "../tree");
    await install();
    const hook = readFileSync(join(clone.top, ".git/hooks/pre-commit"), "utf8");
    expect(hook).toContain(`program=${join(projectRoot, "dist", "signpolicy.cjs")}`);
    const { status } = clone.run("git", ["rev-parse", "--git-path", "hooks"], { cwd: join(clone.root, "tree") });
    expect(status).toBe(0);
    await expect(install(join(clone.root, "tree"))).resolves.toBeDefined();
  });

  it("in a submodule, whose .git is a file", async () => {
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    clone.git("init", "-q", "../outer");
    const outer = join(clone.root, "outer");
    const add = ["-c", "protocol.file.allow=always", "submodule", "add", "-q", clone.top, "sub"];
    expect(clone.run("git", add, { cwd: outer }).status).toBe(0);
    const sub = join(outer, "sub");
    clone.run("mkdir", ["-p", join(sub, "node_modules/.bin")]);
    clone.run("cp", ["node_modules/.bin/signpolicy", join(sub, "node_modules/.bin/signpolicy")]);
    clone.run("cp", ["package.json", join(sub, "package.json")]);
    await install(sub);
    expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "y"], { cwd: sub }).status).toBe(0);
    expect(clone.calls()).toEqual(ALL);
    await uninstall(sub);
    clone.run("git", ["commit", "-q", "--allow-empty", "-m", "z"], { cwd: sub });
    expect(clone.calls()).toEqual([]);
  });

  it("in a folder that core.hooksPath names in this clone", async () => {
    clone.git("config", "core.hooksPath", ".githooks");
    await install(join(clone.top, "node_modules"));
    clone.git("commit", "-q", "--allow-empty", "-m", "x");
    expect(clone.calls()).toEqual(ALL);
    // Tracked by git, perhaps: no path of this machine in it.
    expect(clone.read(".githooks/pre-commit")).not.toContain(projectRoot);
  });

  it("but not one for all repositories, where the hook would stop the others (both are named)", async () => {
    const shared = join(clone.root, "company");
    clone.git("config", "--global", "core.hooksPath", shared);
    await expect(install()).rejects.toThrow(/core\.hooksPath is .*company.*global/);
    await expect(install()).rejects.toMatchObject({ code: "ERR_INSTALL", hint: expect.stringContaining(".git/hooks") });
    expect(clone.run("ls", [".."]).output).not.toContain("company");
  });

  it("but not husky's own", async () => {
    clone.git("config", "core.hooksPath", ".husky/_");
    const asked = installClient({ directory: clone.top, environment: clone.environment, via: "hooks" });
    await expect(asked).rejects.toThrow(/husky/);
  });
});

describe("install refuses by name", () => {
  it("--via config, with the version that git has", async () => {
    const asked = installClient({ directory: clone.top, environment: clone.environment, via: "config" });
    await expect(asked).rejects.toThrow(/git 2\.54 or newer; this is git 2\./);
  });

  it("yarn's Plug'n'Play, which has no node_modules, and says what to set", async () => {
    clone.run("rm", ["-rf", "node_modules"]);
    clone.write(".pnp.cjs", "");
    await expect(install()).rejects.toThrow(/Plug'n'Play/);
    await expect(install()).rejects.toMatchObject({ code: "ERR_INSTALL" });
  });

  it("a bare repository, and says how a server is installed", async () => {
    clone.git("init", "-q", "--bare", "../server.git");
    await expect(install(join(clone.root, "server.git"))).rejects.toMatchObject({
      code: "ERR_INSTALL",
      hint: expect.stringContaining("--server"),
    });
  });

  it("a damaged memory of its own", async () => {
    await install();
    writeFileSync(join(clone.top, ".git/signpolicy/install.json"), '{"version": 2}');
    await expect(uninstall()).rejects.toThrow(/install\.json is damaged/);
  });
});

describe("uninstall", () => {
  it("where nothing was installed changes nothing and says so", async () => {
    const before = clone.snapshot();
    expect((await uninstall()).warnings).toEqual(["nothing of signpolicy was installed here"]);
    expect(clone.snapshot()).toEqual(before);
  });
});

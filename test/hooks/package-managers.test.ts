/**
 * The packed package as a team gets it: installed by npm, pnpm and yarn from files beside the project, without a network, in a
 * project and in a folder of a monorepo; then in a fresh clone, where nobody typed anything but the install.
 */
import { afterAll, beforeAll, beforeEach, afterEach, expect, it, jest } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith, type Tool } from "../support/tools.ts";

jest.setTimeout(120_000);

let packs: string;
beforeAll(() => {
  packs = realpathSync(mkdtempSync(join(tmpdir(), "sp-packs-")));
  // No scripts: the build that `prepack` starts would pull dist from under tests that run beside this one.
  const argv = ["pack", "--ignore-scripts", "--silent", "--pack-destination", packs];
  const packages = [".", "./node_modules/openpgp", "./node_modules/husky"];
  expect(spawnSync("npm", [...argv, ...packages], { cwd: projectRoot }).status).toBe(0);
});
afterAll(() => {
  rmSync(packs, { recursive: true, force: true });
});

const tarball = (name: string): string => {
  const file = readdirSync(packs).find((one) => one.startsWith(`${name}-`));
  if (file === undefined) throw new Error(`no pack of ${name}`);
  return `file:${join(packs, file)}`;
};

const OFFLINE = {
  npm: ["npm", "install", "--offline", "--no-audit", "--no-fund"],
  pnpm: ["pnpm", "install", "--offline", "--no-frozen-lockfile"],
  yarn: ["yarn", "install", "--no-immutable"],
} as const;
type Manager = keyof typeof OFFLINE;

let clone: Clone;
beforeEach(() => {
  clone = new Clone("my app");
  Object.assign(clone.environment, {
    YARN_ENABLE_NETWORK: "0",
    YARN_ENABLE_TELEMETRY: "0",
    npm_config_update_notifier: "false",
  });
  for (const name of ["XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"])
    clone.environment[name] = join(clone.root, "home", name);
});
afterEach(() => {
  clone.remove();
});

function write(manager: Manager, folder: string, scripts: object = {}): void {
  const at = (file: string): string => (folder === "" ? file : `${folder}/${file}`);
  const pins = { openpgp: tarball("openpgp") };
  const manifest = {
    name: "app",
    version: "1.0.0",
    private: true,
    ...(manager === "yarn" ? { packageManager: "yarn@4.18.1" } : {}),
    ...(Object.keys(scripts).length === 0 ? {} : { scripts }),
    devDependencies: { signpolicy: tarball("signpolicy"), husky: tarball("husky") },
    ...(manager === "yarn" ? { resolutions: pins } : manager === "npm" ? { overrides: pins } : {}),
  };
  clone.write(at("package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  if (manager === "pnpm") clone.write(at("pnpm-workspace.yaml"), `overrides:\n  openpgp: ${tarball("openpgp")}\n`);
  if (manager !== "yarn") return;
  clone.write(at(".yarnrc.yml"), "nodeLinker: node-modules\nenableGlobalCache: false\nenableScripts: false\n");
  clone.write(at("yarn.lock"), "");
}

function setUp(): void {
  const key = join(clone.root, "key");
  clone.run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const [type = "", base64 = ""] = clone.run("cat", [`${key}.pub`]).output.split(" ");
  const policy = {
    version: 1,
    principals: { n: { name: "N", emails: ["n@example.org"], keys: [{ ssh: `${type} ${base64}` }] } },
    rules: [{ name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["n"] } }],
  };
  clone.write(".signpolicy.json", JSON.stringify(policy));
  clone.write(".gitignore", "node_modules\n.yarn\n");
  for (const [name, value] of [
    ["gpg.format", "ssh"],
    ["user.signingkey", key],
    ["commit.gpgsign", "true"],
  ] as const)
    clone.git("config", "--global", name, value);
}

/** Installs for the team, commits, and gives what a teammate has after a clone and one install. */
function teammate(manager: Manager, folder: string): { readonly top: string; readonly installed: string } {
  const [program, ...argv] = OFFLINE[manager];
  const place = join(clone.top, folder);
  expect(clone.run(program, argv, { cwd: place })).toMatchObject({ status: 0 });
  const installed = clone.run("node_modules/.bin/signpolicy", ["install"], { cwd: place });
  expect(installed).toMatchObject({ status: 0 });
  clone.git("add", "-A");
  clone.git("commit", "-q", "-m", "the policy");
  const top = join(clone.root, "a clone");
  clone.git("clone", "-q", clone.top, top);
  // As if nobody had installed yet: git commits, and says nothing.
  expect(clone.run("git", ["commit", "-q", "--allow-empty", "--no-gpg-sign", "-m", "x"], { cwd: top }).status).toBe(0);
  clone.run("git", ["reset", "-q", "--hard", "HEAD~1"], { cwd: top });
  expect(clone.run(program, argv, { cwd: join(top, folder) })).toMatchObject({ status: 0 });
  return { top, installed: installed.output };
}

function expectHooks(top: string, folder: string): void {
  expect(clone.run("node_modules/.bin/signpolicy", ["check-install"], { cwd: join(top, folder) })).toMatchObject({
    status: 0,
  });
  const unsigned = clone.run("git", ["-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "x"], {
    cwd: top,
  });
  expect(unsigned.status).not.toBe(0);
  expect(unsigned.output).toContain("unsigned");
  expect(clone.run("git", ["commit", "-q", "--allow-empty", "-m", "x"], { cwd: top })).toMatchObject({ status: 0 });
}

const cases: readonly (readonly [Manager, readonly Tool[], string])[] = [
  ["npm", [], "web app"],
  ["pnpm", ["pnpm"], ""],
  ["yarn", ["yarn"], ""],
];

for (const [manager, tools, folder] of cases) {
  describeWith(["git", "ssh-keygen", ...tools], `${manager} install of the packed package`, () => {
    it("puts the hooks into a fresh clone, in folders with blanks", () => {
      // yarn 2 and later run no `prepare` in the root project.
      write(manager, folder, manager === "yarn" ? { postinstall: "npm run --silent --if-present prepare" } : {});
      setUp();
      const { top, installed } = teammate(manager, folder);
      expect(installed).not.toContain("postinstall");
      expectHooks(top, folder);
      if (manager === "npm") expectTold(top, folder);
    });
  });
}

/** An install that may not run scripts, or brings no packages, goes on, and check-install tells what is missing. */
function expectTold(top: string, folder: string): void {
  const place = join(top, folder);
  const program = join(clone.top, folder, "node_modules/signpolicy/dist/signpolicy.cjs");
  for (const [more, env] of [
    [["--omit=dev"], {}],
    [[], { CI: "true" }],
    [["--ignore-scripts"], {}],
  ] as const) {
    clone.run("git", ["config", "--unset", "core.hooksPath"], { cwd: top });
    const [npm, ...argv] = OFFLINE.npm;
    expect(clone.run(npm, [...argv, ...more], { cwd: place, env })).toMatchObject({ status: 0 });
    const looked = clone.run(process.execPath, [program, "check-install"], { cwd: place });
    expect(looked.status).toBe(1);
    expect(looked.output).toContain("npm run prepare");
  }
}

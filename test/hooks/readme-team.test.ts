/**
 * Why: a team begins with the README, and nothing else. Its section is typed here by a first developer with a gpg key, an
 * operator and a second developer with no key at all, each with a home of their own; what is not in the README is typed by nobody.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { projectRoot } from "../support/clone.ts";
import { LocalRegistry, type Packed } from "../support/local-registry.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(300_000);

const readme = readFileSync(join(projectRoot, "README.md"), "utf8");
const section = readme.split("### A team, in five minutes\n")[1]?.split("\n### ")[0] ?? "";
const blocks = [...section.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, text = ""]) => text);

describeWith(["git", "gpg", "ssh-keygen", "bash"], "the README's team, on clean machines", () => {
  let root: string;
  let registry: LocalRegistry;
  beforeAll(async () => {
    root = realpathSync(mkdtempSync(join(tmpdir(), "sp-team-")));
    // No scripts: the build that `prepack` starts would pull dist from under tests that run beside this one.
    const argv = ["pack", "--ignore-scripts", "--json", "--pack-destination", root];
    const folders = [".", "./node_modules/openpgp", "./node_modules/husky"];
    const { status, stdout } = spawnSync("npm", [...argv, ...folders], { cwd: projectRoot, encoding: "utf8" });
    expect(status).toBe(0);
    registry = await LocalRegistry.start(root, JSON.parse(stdout) as Packed[]);
    for (const who of ["ada", "op", "ben"]) mkdirSync(join(root, who));
  });
  afterAll(() => {
    registry.close();
    spawnSync("gpgconf", ["--homedir", join(root, "ada", ".gnupg"), "--kill", "all"]);
    rmSync(root, { recursive: true, force: true });
  });

  /** Not with spawnSync: the registry answers in this process. */
  const as = async (who: "ada" | "op" | "ben", folder: string, script: string) => {
    const env = {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: join(root, who),
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      npm_config_registry: registry.address,
      npm_config_update_notifier: "false",
      npm_config_audit: "false",
    };
    const child = spawn("bash", ["-e", "-c", script], {
      cwd: join(root, folder),
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (said += bytes.toString()));
    const status = await new Promise<number | null>((resolve) => child.on("close", resolve));
    return { status, said };
  };
  const must = async (...args: Parameters<typeof as>): Promise<string> => {
    const done = await as(...args);
    expect(done).toMatchObject({ status: 0 });
    return done.said;
  };

  /** What was there before: a project with a history, on a server, and people whom git knows. */
  async function theWorldBefore(): Promise<void> {
    const name = (who: string, email: string) =>
      `git config --global user.name '${who}'; git config --global user.email ${email}; `;
    await must("op", "op", "git init -q --bare -b main app.git");
    await must(
      "ada",
      "ada",
      `${name("Ada Example", "ada@example.org")} mkdir -m 700 .gnupg
      gpg --batch --quiet --passphrase '' --quick-gen-key 'Ada Example <ada@example.org>' ed25519 sign never
      git clone -q ../op/app.git app 2>/dev/null; cd app; echo node_modules >.gitignore
      echo '{ "name": "app", "version": "1.0.0", "private": true }' >package.json
      git add -A; git commit -qm 'First version'; git push -q -u origin HEAD:main`,
    );
    await must("ben", "ben", name("Ben Example", "ben@example.org"));
    const tarball = `${root}/signpolicy-*.tgz`;
    await must("op", ".", `cp ${tarball} op/signpolicy-0.1.0.tgz; cp ${tarball} ada/app/signpolicy-0.1.0.tgz`);
  }

  it("is set up, and its unsigned push is refused, with no command that is not there", async () => {
    expect(blocks).toHaveLength(5);
    const [begin = "", server = "", join_ = "", add = "", see = ""] = blocks;
    await theWorldBefore();
    const started = performance.now();

    // Nobody can be asked here: the options that the README names instead.
    const begun = await must("ada", "ada/app", begin.replace("signpolicy init ", "signpolicy init --yes "));
    expect(begun).toMatch(/^wrote \.signpolicy\.yaml\nwrote keys\/ada\.asc\nran git config /m);
    expect(begun).toContain("main -> main");

    const installed = await must("op", "op", server.replaceAll("/srv/git/app.git", join(root, "op/app.git")));
    expect(installed).toContain("the hooks are in place and will run");

    await must("ben", "ben", "git clone -q ../op/app.git app");
    const joined = await must("ben", "ben/app", join_.replace("signpolicy join ", "signpolicy join --yes --new-key "));
    const [, command = ""] = /^ {2}(npx .*)$/m.exec(joined) ?? [];
    const [printed = "", ...commit] = add.split("\n");
    const shape = printed.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace("AAAA…", "[\\w+/=]+");
    expect(command).toMatch(new RegExp(`^${shape}$`));

    // Before the key has landed the server takes nothing of Ben's.
    const [, after = ""] = /after that: (.*)$/m.exec(joined) ?? [];
    const early = "git commit -q --allow-empty -m early && git push --no-verify origin HEAD:refs/heads/early";
    const refused = await as("ben", "ben/app", `git stash -q; ${early.replace("commit", "commit --no-verify")}`);
    expect(refused.status).toBe(1);
    expect(refused.said).toMatch(/remote: error: unknown-key/);
    await must("ben", "ben/app", "git reset -q --hard HEAD~1; git stash pop -q --index");

    const added = await must("ada", "ada/app", [command, ...commit].join("\n"));
    expect(added).toContain('"protected branches" takes nothing signed by ben');
    await must("ben", "ben/app", after);

    const [fork = "", unsigned = "", stopped = "", pushed = "", mended = "", again = ""] = see.split("\n");
    await must("ben", "ben/app", fork);
    expect(await must("ben", "ben/app", unsigned)).toContain("refs/heads/try would reject this commit");
    for (const [line, words] of [
      [stopped, /^error: unsigned \(rule "every branch"\)/m],
      [pushed, /^remote: error: unsigned \(rule "every branch"\)/m],
    ] as const) {
      const { status, said } = await as("ben", "ben/app", line);
      expect(status).toBe(1);
      expect(said).toMatch(words);
      expect(said).toContain("fix: git commit --amend --no-edit --allow-empty -S");
    }
    await must("ben", "ben/app", mended);
    expect(await must("ben", "ben/app", again)).toContain("[new branch]");

    // What the machines needed of the five minutes; people read and type in the rest.
    expect((performance.now() - started) / 1000).toBeLessThan(120);
    expect(await must("ben", "ben/app", "npx --no-install signpolicy verify")).toMatch(/all allowed \(1 exempt\)$/m);
    await must("ben", "ben/app", "npx --no-install signpolicy uninstall");
  });
});

/**
 * `doctor` on a machine whose node is nowhere but in its owner's own PATH, as nvm and its like have it: windows that start git
 * have another PATH, and husky then ends with 127. The machine's own node is hidden by a mount that only doctor sees.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { DoctorRow } from "../../src/check/doctor.ts";
import { Clone, projectRoot } from "../support/clone.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

let clone: Clone;
let own: string;
beforeEach(() => {
  clone = new Clone();
  clone.addPackages();
  clone.write("package.json", '{ "scripts": { "prepare": "husky" } }\n');
  clone.run(join(clone.top, "node_modules/.bin/husky"), []);
  // Its path stands in a line of shell.
  own = mkdtempSync(join(realpathSync(tmpdir()), "sp-own-node-"));
  writeFileSync(join(own, "node"), "", { mode: 0o755 });
  writeFileSync(join(own, "nothing"), "");
});
afterEach(() => {
  clone.remove();
  rmSync(own, { recursive: true, force: true });
});

/** Runs with the machine's node at `own/node` and nowhere else. */
function withOwnNode(command: string, env: Readonly<Record<string, string>> = {}) {
  const hide = `
    set -e
    mount --bind '${realpathSync(process.execPath)}' '${own}/node'
    for node in /usr/local/bin/node /usr/bin/node /bin/node /opt/homebrew/bin/node; do
      if [ -e "$node" ] && [ -x "$node" ]; then mount --bind '${own}/nothing' "$(realpath "$node")"; fi
    done
    export PATH='${own}':"$PATH"
    ${command}`;
  return clone.run("unshare", ["-rm", "sh", "-c", hide], { env });
}

function nodeRow(env: Readonly<Record<string, string>> = {}): DoctorRow | undefined {
  const program = join(projectRoot, "dist/signpolicy.cjs");
  const { output } = withOwnNode(`'${own}/node' '${program}' doctor --format json || true`, env);
  const { rows } = JSON.parse(output) as { readonly rows: readonly DoctorRow[] };
  return rows.find(({ id }) => id === "node.gui");
}

describeWith(
  ["git", "unshare, and the right to mounts of one's own"],
  "doctor where only a shell finds node (node.gui)",
  () => {
    it.each([
      ["husky's own place", (): Readonly<Record<string, string>> => ({})],
      ["XDG_CONFIG_HOME", () => ({ XDG_CONFIG_HOME: join(clone.root, "my config") })],
    ])("warns, and its command has husky find it: %s", (_, environment) => {
      const env = environment();
      const row = nodeRow(env);
      expect(row).toMatchObject({ status: "warn", why: expect.stringContaining("find no node") });
      const husky = () =>
        withOwnNode(
          'env -i HOME="$HOME" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" PATH=/usr/bin:/bin sh .husky/_/pre-commit',
          {
            XDG_CONFIG_HOME: join(clone.root, "home/.config"),
            ...env,
          },
        );
      clone.write(".husky/pre-commit", "node -e 0\n");
      expect(husky()).toMatchObject({ status: 127 });
      expect(clone.run("sh", ["-c", row?.fix ?? "false"], { env }).status).toBe(0);
      expect(nodeRow(env)).toMatchObject({ status: "pass", why: expect.stringContaining("init.sh sets the PATH") });
      expect(husky()).toMatchObject({ status: 0 });
    });

    it("passes where the machine's own node is found, and says nothing where husky is not used", () => {
      const { output } = clone.run("signpolicy", ["doctor", "--format", "json"], {
        env: { PATH: `${linkedProgram()}:${clone.environment["PATH"] ?? ""}` },
      });
      const { rows } = JSON.parse(output) as { readonly rows: readonly DoctorRow[] };
      const usual = /^\/(?:usr\/(?:local\/)?)?bin\/node$/.test(process.execPath);
      expect(rows.find(({ id }) => id === "node.gui")?.status).toBe(usual ? "pass" : "warn");
      rmSync(join(clone.top, ".husky"), { recursive: true });
      rmSync(join(clone.top, "package.json"));
      clone.git("config", "--unset", "core.hooksPath");
      expect(nodeRow()).toBeUndefined();
    });
  },
);

function linkedProgram(): string {
  const folder = join(clone.root, "bin");
  mkdirSync(folder);
  writeFileSync(
    join(folder, "signpolicy"),
    `#!/bin/sh\nexec node '${join(projectRoot, "dist/signpolicy.cjs")}' "$@"\n`,
    {
      mode: 0o755,
    },
  );
  return folder;
}

/** A project in a clone of its own, for tests of the hooks: real git, real husky, nothing of the machine's configuration. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const projectRoot = realpathSync(fileURLToPath(new URL("../../", import.meta.url)));

export interface Outcome {
  readonly status: number | null;
  /** Both outputs. */
  readonly output: string;
}

/** Stands in for signpolicy: writes its arguments and standard input to a file, ends with the code in `exit-code`. */
const PROBE = `#!/bin/sh
here=$PROBE_FOLDER
echo "$*" >>"$here/calls"
if [ "$2" = pre-push ]; then cat >"$here/stdin"; fi
if [ -e "$here/exit-code" ]; then exit "$(cat "$here/exit-code")"; fi
`;

export class Clone {
  readonly root: string;
  readonly top: string;
  readonly environment: Record<string, string>;

  constructor(name = "app") {
    this.root = realpathSync(mkdtempSync(join(tmpdir(), "sp-hooks-")));
    this.top = join(this.root, name);
    const home = join(this.root, "home");
    mkdirSync(home);
    writeFileSync(
      join(home, ".gitconfig"),
      "[init]\n\tdefaultBranch = main\n[user]\n\tname = N\n\temail = n@example.org\n",
    );
    this.environment = {
      PATH: `${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
      HOME: home,
      TMPDIR: this.root,
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CEILING_DIRECTORIES: this.root,
      PROBE_FOLDER: this.root,
    };
    mkdirSync(this.top, { recursive: true });
    this.git("init", "-q");
  }

  /** Puts packages into a folder's node_modules: husky as it is, and a probe in place of signpolicy. */
  addPackages(folder = ".", husky = true): void {
    const modules = join(this.top, folder, "node_modules");
    mkdirSync(join(modules, ".bin"), { recursive: true });
    if (husky) symlinkSync(join(projectRoot, "node_modules", "husky"), join(modules, "husky"));
    if (husky) symlinkSync("../husky/bin.js", join(modules, ".bin", "husky"));
    writeFileSync(join(modules, ".bin", "signpolicy"), PROBE);
    chmodSync(join(modules, ".bin", "signpolicy"), 0o755);
  }

  /** husky beside what is there already. */
  addHusky(): void {
    const modules = join(this.top, "node_modules");
    symlinkSync(join(projectRoot, "node_modules", "husky"), join(modules, "husky"));
    symlinkSync("../husky/bin.js", join(modules, ".bin", "husky"));
  }

  /** The lines that the probe read as `pre-push`. */
  refsSeen(): readonly string[] {
    const file = join(this.root, "stdin");
    return existsSync(file) ? readFileSync(file, "latin1").trimEnd().split("\n") : [];
  }

  write(path: string, text: string, mode = 0o644): void {
    const file = join(this.top, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, "latin1");
    chmodSync(file, mode);
  }

  read(path: string): string {
    return readFileSync(join(this.top, path), "latin1");
  }

  has(path: string): boolean {
    return existsSync(join(this.top, path));
  }

  run(program: string, args: readonly string[], options: { cwd?: string; input?: string; env?: object } = {}): Outcome {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: options.cwd ?? this.top,
      env: { ...this.environment, ...options.env },
      encoding: "latin1",
      timeout: 60_000,
      ...(options.input === undefined ? {} : { input: options.input }),
    });
    if (error !== undefined) throw error;
    return { status, output: stdout + stderr };
  }

  git(...args: readonly string[]): string {
    const { status, output } = this.run("git", args);
    if (status !== 0) throw new Error(`git ${args.join(" ")}: ${output}`);
    return output.trimEnd();
  }

  /** What the probe was called with since the last look. */
  calls(): readonly string[] {
    const file = join(this.root, "calls");
    const calls = existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
    rmSync(file, { force: true });
    return calls;
  }

  /** Every file under the clone with mode and content, but for git's own moving parts. */
  snapshot(): Readonly<Record<string, string>> {
    return snapshot(this.top);
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Every file under a folder with its mode and content; objects, logs and the index of git are left out. */
export function snapshot(folder: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const walk = (path: string): void => {
    for (const name of readdirSync(path).sort()) {
      const file = join(path, name);
      const key = relative(folder, file);
      if (/(^|\/)(?:node_modules|objects|logs|index)$/.test(key)) continue;
      const stats = lstatSync(file);
      if (stats.isDirectory()) {
        found[key] = `folder ${(stats.mode & 0o777).toString(8)}`;
        walk(file);
      } else if (stats.isSymbolicLink()) found[key] = `link ${readlinkSync(file)}`;
      else found[key] = `${(stats.mode & 0o777).toString(8)} ${readFileSync(file, "latin1")}`;
    }
  };
  walk(folder);
  return found;
}

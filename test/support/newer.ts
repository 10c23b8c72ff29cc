/**
 * Programs newer than what distributions have: git 2.54 runs hooks of its configuration, pre-commit 3.2 knows git's own names of
 * them. They are looked for on the PATH first, then in the folders that SIGNPOLICY_TEST_NEWER names (`:` between them).
 */
import { spawnSync } from "node:child_process";

const FOLDERS = (process.env["SIGNPOLICY_TEST_NEWER"] ?? "").split(":").filter((folder) => folder !== "");

/** The version that `PROGRAM --version` tells on this PATH; null without one. */
function versionOn(path: string, program: string): readonly number[] | null {
  const { stdout, error } = spawnSync(program, ["--version"], {
    encoding: "utf8",
    env: { ...process.env, PATH: path },
  });
  const found = error === undefined ? /(\d+)\.(\d+)/.exec(stdout) : null;
  return found === null ? null : found.slice(1).map(Number);
}

/** The PATH on which the program is of this version or a later one, other programs as usual; null where there is none. */
export function pathWith(program: string, major: number, minor: number): string | null {
  const usual = process.env["PATH"] ?? "";
  const paths = [usual, ...FOLDERS.map((folder) => `${folder}:${usual}`)];
  return (
    paths.find((path) => {
      const [here = 0, part = 0] = versionOn(path, program) ?? [];
      return here > major || (here === major && part >= minor);
    }) ?? null
  );
}

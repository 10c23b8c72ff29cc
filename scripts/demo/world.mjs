// A folder of its own for everything the demo does. No child sees the caller's git, gpg or ssh set-up.
import { spawnSync } from "node:child_process";
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));

/** @returns folders, an environment, and `run`; `close` stops the agents and takes the folder away */
export function openWorld() {
  // gpg-agent's socket lies in here, and its path may not be long (unix(7): 108 bytes).
  const root = mkdtempSync(join(tmpdir(), "spd-"));
  const path = (...names) => join(root, ...names);
  for (const folder of ["home", "bin"]) mkdirSync(path(folder));
  mkdirSync(path("gnupg"), { mode: 0o700 });
  writeScript(path("bin", "signpolicy"), program);
  const passed = Object.fromEntries(
    ["SYSTEMROOT", "TMPDIR", "TEMP", "TMP"].flatMap((name) => (name in process.env ? [[name, process.env[name]]] : [])),
  );
  const environment = {
    ...passed,
    PATH: [path("bin"), process.env.PATH].join(delimiter),
    HOME: path("home"),
    GNUPGHOME: path("gnupg"),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    NO_COLOR: "1",
    LC_ALL: "C.UTF-8",
  };

  /** Runs a program to its end; `output` holds stdout and stderr as a terminal would have shown them. */
  const run = (cwd, words, { input = "" } = {}) => {
    const log = path("output");
    const descriptor = openSync(log, "w");
    const stdio = ["pipe", descriptor, descriptor];
    const [file, ...args] = words;
    const { status, error } = spawnSync(file, args, { cwd, env: environment, input, stdio });
    closeSync(descriptor);
    if (error) throw new Error(`${file} cannot be run: ${error.message}`);
    return { status, output: readFileSync(log, "utf8") };
  };
  return {
    root,
    path,
    run,
    /** The same, for what is no step of its own: a failure ends the demo. */
    must(cwd, words, options) {
      const { status, output } = run(cwd, words, options);
      if (status !== 0) throw new Error(`${words.join(" ")} ended with ${status}:\n${output}`);
      return output.trim();
    },
    /** A program's own words about its version, null where it is absent. */
    versionOf(words) {
      const { status, stdout, stderr } = spawnSync(words[0], words.slice(1), { env: environment, encoding: "utf8" });
      return status === null ? null : `${stdout}${stderr}`.split("\n")[0];
    },
    close() {
      spawnSync("gpgconf", ["--homedir", path("gnupg"), "--kill", "all"], { stdio: "ignore" });
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A program that starts a node script: what git calls must be one path without arguments. */
export function writeScript(file, script) {
  const quote = (word) => `'${word.replaceAll("'", "'\\''")}'`;
  writeFileSync(file, `#!/bin/sh\nexec ${quote(process.execPath)} ${quote(script)} "$@"\n`);
  chmodSync(file, 0o755);
}

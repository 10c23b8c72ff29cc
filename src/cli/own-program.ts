/** How a person here starts this program, so that a command that is printed can be run as it stands. */
import { accessSync, constants } from "node:fs";
import { basename, delimiter, dirname, isAbsolute, join } from "node:path";
import { shellWord } from "../encoding/text.ts";

type Variables = Readonly<Record<string, string | undefined>>;

const NAME = "signpolicy";
const FILES = process.platform === "win32" ? [`${NAME}.cmd`, `${NAME}.exe`] : [NAME];

/** Commands that hints name; "signpolicy" before any other word is prose. */
const COMMANDS =
  "approve|check-install|ci|doctor|explain|init|install|join|keys|policy|record|report|resign|uninstall|verify|watch";
const PRINTED = new RegExp(`(?<![\\w./-]|\\bgit |--no-install )${NAME} (?=(?:${COMMANDS}|--help)\\b)`, "g");

/** A sentence with its commands as they can be run here. */
export const spoken = (text: string): string =>
  text.includes(NAME) ? text.replace(PRINTED, () => `${(known ??= found())} `) : text;

/** The same for whoever works on this project elsewhere, where no file of this machine is. */
export const spokenToTeam = (text: string): string => ((known ??= found()).startsWith("npx ") ? spoken(text) : text);

let known: string | null = null;

function found(): string {
  // What a server's hook says is read by whoever pushed, on a machine that we do not see.
  if (process.argv[2] === "hook" && /-receive$/.test(process.argv[3] ?? "")) return NAME;
  return ownProgram(process.cwd(), process.env, process.argv[1] ?? "");
}

/**
 * `signpolicy` where a shell finds it; `npx --no-install signpolicy`, which fetches nothing, inside a project that has it;
 * else the file that was started. npm and husky put `node_modules/.bin` before everything else in PATH, which the shell of
 * whoever reads the hint does not have.
 */
export function ownProgram(cwd: string, environment: Variables, started: string): string {
  const path = environment["PATH"] ?? environment["Path"] ?? "";
  const folders = path.split(delimiter).filter((folder) => isAbsolute(folder) && !PUT_THERE.test(folder));
  if (folders.some(hasProgram)) return NAME;
  for (let folder = cwd; ; folder = dirname(folder)) {
    if (hasProgram(join(folder, "node_modules", ".bin"))) return `npx --no-install ${NAME}`;
    if (folder === dirname(folder)) break;
  }
  if (basename(started).replace(/\.c?js$/, "") !== NAME) return NAME;
  const word = shellWord(started);
  if (word === null) return NAME;
  return started === process.execPath ? word : `node ${word}`;
}

const PUT_THERE = /[\\/]node_modules[\\/]\.bin[\\/]?$|[\\/]node-gyp-bin[\\/]?$/;

const hasProgram = (folder: string): boolean => FILES.some((file) => isRunnable(join(folder, file)));

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

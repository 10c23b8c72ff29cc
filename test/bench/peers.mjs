// Programs that judge the same histories, where they are installed: on the PATH, or in the folder that --peers names.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["git", "gpg", "ssh-keygen", "sq-git", "gittuf"];
/** ssh-keygen has no option that tells; the suite it belongs to does. */
const VERSION = { "ssh-keygen": ["ssh", "-V"], "sq-git": ["sq-git", "version"], gittuf: ["gittuf", "version"] };

/** @returns for each peer that is there, its path and what it says of its version */
export function findPeers(folder) {
  const folders = [...(folder === undefined ? [] : [folder]), ...(process.env.PATH ?? "").split(delimiter)];
  const found = new Map();
  for (const name of NAMES) {
    const path = folders.map((place) => join(place, name)).find((file) => existsSync(file));
    if (path === undefined) continue;
    const [program, ...args] = VERSION[name] ?? [name, "--version"];
    const { stdout, stderr } = spawnSync(program === name ? path : program, args, { encoding: "utf8" });
    const [version = ""] = /\d+[.\w]*\d/.exec(`${stdout}${stderr}`) ?? [];
    found.set(name, { path, version });
  }
  return found;
}

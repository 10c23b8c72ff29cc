/**
 * The root `prepare` script, through which `npm install` puts the hooks into every clone of a team. npm runs it with
 * `--omit=dev`, too, where neither husky nor signpolicy is there, and in CI: there it does nothing and succeeds. Every
 * form works in sh and in cmd.exe.
 */
import { CLIENT_VIAS, type ClientVia } from "./installation.ts";

/** What follows `||`: both shells end with 0. */
const GUARD = "|| exit 0";
const plain = (via: ClientVia): string => `signpolicy install --via ${via} ${GUARD}`;
const PLAIN = CLIENT_VIAS.filter((via) => via !== "husky").map(plain);
const HUSKY_CALL = /^node -e "process\.env\.CI\|\|import\('husky'\)\.then\(h=>\{[^"]*\},\(\)=>\{\}\)"$/;

/**
 * Our own part; `folder` is the package's path from the top of the repository, `""` at the top. Null where that path
 * holds what either shell, or JavaScript, could take for something else.
 */
export function prepareCommand(via: ClientVia, folder: string): string | null {
  if (via !== "husky") return plain(via);
  if (/[^\w./@ +-]/.test(folder)) return null;
  // husky 9 wants to start at the top of the repository and takes no `..`.
  const up = folder === "" ? "" : `process.chdir('${folder.replace(/[^/]+/g, "..")}');`;
  const where = folder === "" ? "" : `'${folder}/.husky'`;
  return `node -e "process.env.CI||import('husky').then(h=>{${up}process.stdout.write(h.default(${where}))},()=>{})"`;
}

export interface PreparePlan {
  /** Null where there is no script, and none is to be written. */
  readonly command: string | null;
  readonly warning: string | null;
}

/** What `prepare` becomes. A script that is there is kept and ours runs behind it. */
export function planPrepare(present: string | null, via: ClientVia, folder: string): PreparePlan {
  const ours = prepareCommand(via, folder);
  const foreign = stripPrepare(present);
  if (ours === null) {
    const warning =
      "the folder's name cannot stand in a prepare script: every clone needs its own `signpolicy install`";
    return { command: present, warning };
  }
  if (foreign === null) return { command: ours, warning: null };
  if (via === "husky" && /\bhusky\b/.test(foreign)) {
    if (/^husky(?: install)?$/.test(foreign)) return { command: `${foreign} ${GUARD}`, warning: null };
    const guarded = /\|\||\bnode\b|\bis-ci\b/.test(foreign);
    const warning = `prepare runs husky unguarded: \`npm install --omit=dev\` will fail; write \`husky ${GUARD}\` there`;
    return { command: foreign, warning: guarded ? null : warning };
  }
  // cmd.exe binds && more tightly than ||, sh does not.
  const first = foreign.includes("||") ? `(${foreign})` : foreign;
  return { command: `${first} && ${PLAIN.includes(ours) ? `(${ours})` : ours}`, warning: null };
}

/** The script without our part; null where nothing else is in it. */
export function stripPrepare(present: string | null): string | null {
  if (present === null || isOurs(present)) return null;
  const cut = present.lastIndexOf(" && ");
  if (cut === -1 || !isOurs(present.slice(cut + 4).replace(/^\((.*)\)$/, "$1"))) return present;
  const first = present.slice(0, cut);
  return first.includes("||") ? first.replace(/^\((.*)\)$/, "$1") : first;
}

const isOurs = (command: string): boolean => PLAIN.includes(command) || HUSKY_CALL.test(command);

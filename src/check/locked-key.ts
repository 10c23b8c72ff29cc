/**
 * Whether git's signer would have to ask for a passphrase, where nobody is there to answer: it would hang, draw over a terminal that
 * is another program's, or fail once the message is written. Found out without a child and without a question to anybody; what
 * cannot be told for sure is left to the signer, as it is where a person sits.
 */
import { readdirSync, readFileSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join, resolve } from "node:path";
import { statusOf } from "../io/file-status.ts";
import type { AgentKey, Answer } from "../io/agents.ts";
import { isCodingAgent } from "../io/coding-agent.ts";
import { shellWord } from "../encoding/text.ts";
import type { PrivateHalf } from "./private-half.ts";

type Variables = Readonly<Record<string, string | undefined>>;

export interface Locked {
  readonly why: string;
  readonly fix: string;
}

/** Null where the key can be had, or nothing can be told. */
export const lockedKey = (half: PrivateHalf, environment: Variables): Promise<Locked | null> =>
  half.kind === "ssh" ? lockedSsh(half, environment) : lockedGpg(half, environment);

async function lockedSsh(half: PrivateHalf & { kind: "ssh" }, environment: Variables): Promise<Locked | null> {
  // ssh(1): it asks by a program then, and not on a terminal.
  if (/^(?:force|prefer)$/.test(environment["SSH_ASKPASS_REQUIRE"] ?? "")) return null;
  const socket = environment["SSH_AUTH_SOCK"] ?? "";
  const answer = socket === "" ? ({ is: "absent" } as const) : await (await agents()).sshAgentKeys(socket);
  if (answer.is === "silent") return null;
  if (answer.is === "said" && answer.what.some((blob) => blob.toString("base64") === half.blob)) return null;
  const agent = answer.is === "absent" ? "no ssh agent answers" : "the ssh agent does not have it";
  const start = answer.is === "absent" ? "eval $(ssh-agent) && " : "";
  const key = half.file === null ? "YOUR-PRIVATE-KEY" : (shellWord(half.file) ?? "YOUR-PRIVATE-KEY");
  const what = half.file === null ? "the signing key is with no file" : `${half.file} has a passphrase`;
  return { why: `git cannot sign: ${what}, and ${agent}; ${ALONE}`, fix: `${start}ssh-add ${key}` };
}

/** node's sockets take longer to load than all else here, and where no agent runs nobody asks for them. */
const agents = (): Promise<typeof import("../io/agents.ts")> => import("../io/agents.ts");

const ALONE = "nobody can be asked here";

async function lockedGpg(half: PrivateHalf & { kind: "openpgp" }, environment: Variables): Promise<Locked | null> {
  const home = environment["GNUPGHOME"] ?? join(environment["HOME"] ?? "/", ".gnupg");
  if (!asksOnTerminal(home, environment)) return null;
  const answer = await askGpgAgent(await socketsOf(home, environment["GNUPGHOME"] !== undefined));
  if (answer.is === "silent") return null;
  const keys = answer.is === "said" ? answer.what : keysIn(home);
  // Which of them signs is not asked: where any of them can be had, it may be the one.
  if (keys === null || keys.length === 0 || keys.some(canBeHad)) return null;
  const user = shellWord(half.id) ?? "KEY";
  return {
    why: `git cannot sign: gpg-agent does not remember the passphrase, and ${ALONE}; once it was typed in a terminal, it does`,
    fix: `echo x | gpg -u ${user} --clearsign >/dev/null`,
  };
}

const canBeHad = ({ onDisk, isProtected, isCached }: AgentKey): boolean => !onDisk || !isProtected || isCached;

/** gpg-agent(1): a pinentry with windows needs none of ours, and of a program of another name nobody knows how it asks. */
function asksOnTerminal(home: string, environment: Variables): boolean {
  if (/^[ \t]*(?:pinentry-mode|passphrase)/m.test(textOf(join(home, "gpg.conf")) ?? "")) return false;
  const chosen = /^[ \t]*pinentry-program[ \t]+(\S.*)$/m.exec(textOf(join(home, "gpg-agent.conf")) ?? "")?.[1]?.trim();
  // Somebody sits at that terminal; a coding agent hands on the one that it draws on itself.
  if (typeOf(environment["GPG_TTY"] ?? "") !== null && !isCodingAgent(environment)) return false;
  const name = basename(realPathOf(chosen ?? "/usr/bin/pinentry") ?? "");
  // GNOME's shows its question by way of the session's bus.
  if (name === "pinentry-gnome3") return (environment["DBUS_SESSION_BUS_ADDRESS"] ?? "") === "";
  return /^pinentry-(?:curses|tty|gtk-2|qt|qt5|qt6|x11|fltk)$/.test(name);
}

/** One that is left over from an agent that is gone says nothing of another. */
async function askGpgAgent(places: readonly string[]): Promise<Answer<readonly AgentKey[]>> {
  let answer: Answer<readonly AgentKey[]> = { is: "absent" };
  for (const place of places) {
    const type = typeOf(place);
    if (type === null || answer.is !== "absent") continue;
    // A plain file leads to a socket elsewhere (Assuan).
    answer = type === "socket" ? await (await agents()).gpgAgentKeys(place) : { is: "silent" };
  }
  return answer;
}

/** Where gpg-agent may listen (GnuPG, common/homedir.c). */
async function socketsOf(home: string, isNamed: boolean): Promise<readonly string[]> {
  const uid = String(process.getuid?.() ?? -1);
  const runs = ["/run/gnupg", "/run", "/var/run/gnupg", "/var/run"].map((folder) => `${folder}/user/${uid}`);
  const run = runs.find((folder) => typeOf(folder) === "folder");
  const inHome = join(home, "S.gpg-agent");
  if (run === undefined) return [inHome];
  const own = isNamed && resolve(home) !== join(homedir(), ".gnupg") ? [await hashedName(resolve(home))] : [];
  return [join(run, "gnupg", ...own, "S.gpg-agent"), inHome];
}

const Z_BASE_32 = "ybndrfg8ejkmcpqxot1uwisza345h769";

/** `d.` and the first fifteen bytes of the path's SHA-1 in z-base-32. */
async function hashedName(home: string): Promise<string> {
  const { createHash } = await import("node:crypto");
  const digest = createHash("sha1").update(home).digest().subarray(0, 15);
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  return `d.${(bits.match(/.{5}/g) ?? []).map((five) => Z_BASE_32[parseInt(five, 2)] ?? "").join("")}`;
}

/** GnuPG's agent/keyformat.txt: what an agent that does not run yet would find. Null where that cannot be read. */
function keysIn(home: string): readonly AgentKey[] | null {
  const folder = join(home, "private-keys-v1.d");
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".key"))
      .map((name) => {
        const text = readFileSync(join(folder, name), "latin1");
        const isShadowed = text.includes("shadowed-private-key");
        return { onDisk: !isShadowed, isProtected: text.includes("protected-private-key"), isCached: false };
      });
  } catch {
    return null;
  }
}

function typeOf(path: string): "socket" | "folder" | "other" | null {
  const stats = statusOf(path);
  if (stats === undefined) return null;
  return stats.isSocket() ? "socket" : stats.isDirectory() ? "folder" : "other";
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return null;
  }
}

function realPathOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

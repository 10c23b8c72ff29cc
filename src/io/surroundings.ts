/**
 * All that `verify` looks at in a repository and beside it, without starting git, so that a later run can tell that it would
 * see the very same: refs, objects, configuration, the policy's files, the environment. Where something cannot be told from
 * the files in which git keeps it (gitrepository-layout(5)) there is no answer, and everything is judged.
 */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { digestHex } from "../encoding/digest.ts";
import { changesGit, userConfigFiles, type Variables } from "./environment.ts";
import { commonDirOf, findGitDir } from "./git-dir.ts";
import { configQuestion } from "./git-memory.ts";
import { stampOf } from "./outside-code.ts";
import { seenConfig } from "./user-config.ts";

/** A repository as its files show it. */
export interface SeenPlace {
  readonly gitDir: string;
  readonly commonDir: string;
  /** Null in a bare repository. */
  readonly top: string | null;
}

/** What else a run looked at. */
export interface Watched {
  /** Where this git looks for the system's configuration. */
  readonly system: string;
  /** The policy's files and its keys', by absolute path. */
  readonly files: readonly string[];
  /** Places at the top of the work tree, or of one like it, whether or not anything stands there. */
  readonly places: readonly string[];
  /** Programs that took part. */
  readonly programs: readonly string[];
  /** Names that mean what stands under them in the git directory itself, if anything does. */
  readonly names: readonly string[];
}

const MOST_BYTES = 16 * 1024 * 1024;
const MOST_REFS = 1000;
const MOST_OBJECTS = 8000;
const MOST_PACKED = 256 * 1024;
const SETTLED_MS = 2000;

/**
 * The repository that git would find in this folder, which must be the top of a work tree, below it, or a bare repository
 * itself. Null where the environment leads git elsewhere, or where something is another user's: git asks its configuration
 * whether that is safe (git-config(1), safe.directory).
 */
export function seePlace(cwd: string, environment: Variables): SeenPlace | null {
  if (changesGit(environment)) return null;
  const place = placeAround(cwd);
  const user = process.geteuid?.();
  if (place === null || user === undefined) return null;
  const { gitDir, commonDir, top } = place;
  const owned = [gitDir, commonDir, ...(top === null ? [] : [top, join(top, ".git")])];
  return owned.every((path) => lstatSync(path).uid === user) ? place : null;
}

function placeAround(cwd: string): SeenPlace | null {
  const found = findGitDir(cwd);
  const bare = bareAround(cwd, found?.top ?? null);
  // A bare repository on the way up comes first for git, also one that a checkout put there.
  if (bare !== null && bare !== cwd) return null;
  const own = bare === null ? found : { gitDir: bare, top: null };
  if (own === null) return null;
  const gitDir = realpathSync.native(own.gitDir);
  return { gitDir, commonDir: realpathSync.native(commonDirOf(gitDir)), top: own.top };
}

/** The first folder on the way up that may be a git directory itself; `end` holds `.git`, which git takes before. */
function bareAround(cwd: string, end: string | null): string | null {
  for (let folder = cwd; folder !== end; folder = dirname(folder)) {
    const [isHeaded, ...keeps] = ["HEAD", "objects", "commondir"].map((name) => exists(join(folder, name)));
    if (isHeaded === true && keeps.includes(true)) return folder;
    if (folder === dirname(folder)) return null;
  }
  return null;
}

/** A digest of everything; null where that cannot be told. */
export function surroundings(place: SeenPlace, environment: Variables, watched: Watched): string | null {
  try {
    const ground = groundOf(place, environment);
    const config = configQuestion({ commonDir: place.commonDir, environment: defined(environment) }, watched.system);
    const parts = [
      ground,
      config,
      watched.files.map((path) => [path, realpathSync.native(path), contentOf(path)]),
      watched.places.map((path) => contentOf(path)),
      watched.programs.map((path) => stampOf(path)),
      watched.names.map((name) => [place.gitDir, place.commonDir].map((folder) => contentOf(join(folder, name)))),
    ];
    return ground === null || config === null ? null : digestHex("sha256", Buffer.from(JSON.stringify(parts)));
  } catch {
    return null;
  }
}

/**
 * What every run looks at: the program's own surroundings, refs and objects. Taken before one begins and after it ended.
 *
 * @param look - how a file of refs is told: `stillOf` tells one that was written to meanwhile, whatever it holds again
 */
export function groundOf(
  { gitDir, commonDir, top }: SeenPlace,
  environment: Variables,
  look = contentOf,
): string | null {
  try {
    const own =
      gitDir === commonDir
        ? []
        : [look(join(gitDir, "commondir")), exists(join(gitDir, "refs")) && refsIn(gitDir, look)];
    const parts = [
      [process.version, process.versions["openssl"], process.geteuid?.()],
      [gitDir, commonDir, top, environment["HOME"], environment["XDG_CONFIG_HOME"]],
      userConfig(environment),
      look(join(gitDir, "HEAD")),
      look(join(commonDir, "shallow")),
      packedIn(commonDir, look),
      refsIn(commonDir, look),
      ...own,
      objectsIn(join(commonDir, "objects")),
    ];
    return digestHex("sha256", Buffer.from(JSON.stringify(parts)));
  } catch {
    return null;
  }
}

class Untold extends Error {}

type Look = (path: string | Buffer) => string | null;

/** Loose refs, each with its content. Names are bytes, and need be no UTF-8. */
function refsIn(folder: string, look: Look): readonly (readonly [string, string | null])[] {
  const found: (readonly [string, string | null])[] = [];
  const list = (path: Buffer): void => {
    for (const entry of readdirSync(path, { withFileTypes: true, encoding: "buffer" })) {
      const below = Buffer.concat([path, Buffer.from("/"), entry.name]);
      if (entry.isDirectory()) list(below);
      else if (!entry.isFile() || found.length >= MOST_REFS) throw new Untold();
      else found.push([below.toString("latin1"), toldRef(look(below))]);
    }
  };
  list(Buffer.from(join(folder, "refs")));
  return found;
}

/** A symbolic ref that leads out of `refs/` may hang on what another work tree has checked out, or on the last fetch. */
function toldRef(value: string | null): string | null {
  if (/(?:^|\0)ref:\s*(?!refs\/)\S/.test(value ?? "")) throw new Untold();
  return value;
}

/**
 * Packed refs: what stands there, or of a large file whether it was replaced, which a file system that keeps seconds alone does
 * not tell before they are over.
 */
function packedIn(commonDir: string, look: Look): string | null {
  const path = join(commonDir, "packed-refs");
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.size <= MOST_PACKED) return look(path);
  if (Date.now() - Math.max(stats.mtimeMs, stats.ctimeMs) < SETTLED_MS) throw new Untold();
  return stampOf(path);
}

/** Packs and single objects: none can come, go or be written to unseen. What rots on the disk by itself is not seen. */
function objectsIn(folder: string): readonly unknown[] {
  // Objects of another repository come and go without us.
  if (contentOf(join(folder, "info", "alternates"), true) !== null) throw new Untold();
  const singles = readdirSync(folder).filter((name) => /^[0-9a-f]{2}$/.test(name));
  const seen: unknown[] = [];
  for (const name of [...singles, "pack"]) {
    const path = join(folder, name);
    if (!exists(path)) continue;
    for (const file of readdirSync(path)) {
      const stats = lstatSync(join(path, file));
      if (stats.isSymbolicLink()) throw new Untold();
      const { ino, size, mtimeMs, ctimeMs } = stats;
      seen.push(name, file, ino, size, mtimeMs, ctimeMs);
    }
    // git packs them long before (git-gc(1), gc.auto), and each takes time.
    if (seen.length > MOST_OBJECTS * 6) throw new Untold();
  }
  return seen;
}

function userConfig(environment: Variables): readonly unknown[] {
  const seen = seenConfig(userConfigFiles(environment), environment["HOME"], (path) => contentOf(path, true));
  if (seen === null) throw new Untold();
  return seen;
}

/** A file's content and the moment at which it was last written to or put there. */
export function stillOf(path: string | Buffer): string | null {
  const before = stampOf(path);
  return `${before ?? ""}\0${contentOf(path) ?? ""}`;
}

/** A plain file's bytes as latin-1 text; null where nothing is. What else stands there cannot be told. */
function contentOf(path: string | Buffer, mayBeLink = false): string | null {
  try {
    const follow = mayBeLink ? 0 : constants.O_NOFOLLOW;
    const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | follow);
    try {
      const status = fstatSync(file);
      if (!status.isFile() || status.size > MOST_BYTES) throw new Untold();
      return readFileSync(file, "latin1");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
}

const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const defined = (variables: Variables): Record<string, string> =>
  Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined));

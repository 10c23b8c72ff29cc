import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ObjectId, RefName } from "../model.ts";
import type { GitPlace } from "./git.ts";
import { gitFailed, runGit, tryGit } from "./git.ts";

export interface RefValue {
  readonly oid: ObjectId;
  /** The ref that a symbolic one finally names, null for an ordinary ref. */
  readonly symbolic: RefName | null;
}

export type RefValues = ReadonlyMap<RefName, RefValue>;

/** NUL and LF cannot stand in a ref name (git-check-ref-format(1)), so lines cannot be forged. */
const FORMAT = "--format=%(objectname) %(symref) %(refname)";

/** Names a command line; git takes each as the ref itself or as a folder of refs. */
const BATCH = 400;

/** Values of exactly these refs; one that does not exist is absent from the map. */
export async function readRefs(place: GitPlace, names: readonly RefName[]): Promise<RefValues> {
  const wanted = new Set<RefName>(names);
  const values = new Map<RefName, RefValue>();
  const unique = [...wanted];
  for (let at = 0; at < unique.length; at += BATCH) {
    for (const [name, value] of await forEachRef(place, unique.slice(at, at + BATCH))) {
      if (wanted.has(name)) values.set(name, value);
    }
  }
  return values;
}

/** Every ref under these folders (`refs/heads`), or every ref there is. */
export async function listRefs(place: GitPlace, folders: readonly string[] = []): Promise<RefValues> {
  return new Map(await forEachRef(place, folders));
}

interface HeadPlace {
  readonly gitDir: string;
  readonly commonDir: string;
}

/**
 * The branch that HEAD names, by its full name, whether or not it exists yet; null when HEAD is detached. git is asked where
 * the file does not tell: it is a link of long ago, or, with reftable, a stand-in (gitrepository-layout(5)).
 */
export async function readHead(place: GitPlace & Partial<HeadPlace>): Promise<RefName | null> {
  const { gitDir, commonDir } = place;
  const named = gitDir === undefined || commonDir === undefined ? undefined : branchIn({ gitDir, commonDir });
  return named ?? readSymbolic(place, "HEAD");
}

/** The ref that a symbolic one names, whether or not that exists; null for what is none. */
export async function readSymbolic(place: GitPlace, name: string): Promise<RefName | null> {
  const argv = ["symbolic-ref", "-q", Buffer.from(name, "latin1").toString()];
  const { status, stdout, stderr } = await tryGit(place, argv);
  // git-symbolic-ref(1): with -q exit code 1 says that it is no symbolic ref.
  if (status === 1) return null;
  if (status !== 0) throw gitFailed(argv, status, stderr);
  return stdout.toString("latin1").trimEnd() as RefName;
}

/** A branch may be symbolic as well, and git follows the whole chain. */
function branchIn({ gitDir, commonDir }: HeadPlace): RefName | undefined {
  const named = /^ref: (refs\/heads\/[^\s\0]+)\n$/.exec(contentOf(join(gitDir, "HEAD")) ?? "")?.[1];
  if (named === undefined || named === "refs/heads/.invalid") return undefined;
  const value = contentOf(refPath(commonDir, named as RefName));
  return value === "" || /^[0-9a-f]+\n$/.test(value ?? "") ? (named as RefName) : undefined;
}

/** Where a loose ref lies under this folder. A name is bytes, and need be no UTF-8. */
export const refPath = (folder: string, name: RefName): string | Buffer =>
  /^[\x21-\x7e]*$/.test(name) ? join(folder, name) : Buffer.concat([Buffer.from(`${folder}/`), latin1Bytes(name)]);

const latin1Bytes = (text: string): Buffer => Buffer.from(text, "latin1");

/** Empty where there is nothing; undefined for a link, or what cannot be read. */
function contentOf(path: string | Buffer): string | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      return readFileSync(file, "latin1");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "" : undefined;
  }
}

async function forEachRef(place: GitPlace, patterns: readonly string[]): Promise<[RefName, RefValue][]> {
  const argv = ["for-each-ref", FORMAT, "--", ...patterns.map(asArgument)];
  const output = (await runGit(place, argv)).toString("latin1");
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [oid = "", symbolic = "", ...name] = line.split(" ");
      return [
        name.join(" ") as RefName,
        { oid: oid as ObjectId, symbolic: symbolic === "" ? null : (symbolic as RefName) },
      ];
    });
}

/**
 * What is no UTF-8 cannot be handed to a program: a `?` takes the place of such a byte, and more is listed than was asked
 * for. No name of a ref holds a wildcard of its own.
 */
function asArgument(name: string): string {
  const bytes = latin1Bytes(name);
  const text = bytes.toString("utf8");
  return Buffer.from(text).equals(bytes) ? text : name.replace(/[^\x21-\x7e]/g, "?");
}

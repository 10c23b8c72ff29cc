import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { isObjectId } from "../encoding/identifiers.ts";
import { GitError } from "../errors.ts";
import type { Bytes, ObjectId, ObjectKind } from "../model.ts";
import type { GitPlace } from "./git.ts";
import { gitEnded, startGit, tryGit } from "./git.ts";
import type { LooseObjects } from "./loose-objects.ts";

/** Most bytes of one object that are read into memory unless told otherwise; larger ones are drained and reported by size. */
const OBJECT_CAP = 64 * 1024 * 1024;

/** Bytes of objects that may lie in memory before they were looked at. One more object may stand above it. */
const HELD_CAP = 32 * 1024 * 1024;

export type StoredObject =
  | { readonly found: "yes"; readonly oid: ObjectId; readonly kind: ObjectKind; readonly bytes: Bytes }
  | { readonly found: "too-large"; readonly oid: ObjectId; readonly kind: ObjectKind; readonly size: number }
  | {
      readonly found: "no";
      /** It is there, and git cannot read it. */
      readonly damaged?: true;
    };

interface Waiting {
  readonly request: string;
  readonly resolve: (object: StoredObject) => void;
  readonly reject: (error: Error) => void;
}

interface Reading {
  readonly oid: ObjectId;
  readonly kind: ObjectKind;
  readonly size: number;
  /** Content bytes and the line end behind them that are still to come. */
  left: number;
  readonly parts: Buffer[];
}

/** Stands where a request was whose answer has been handed out: the answer must not live as long as its place in the row. */
const ANSWERED: Waiting = { request: "", resolve: () => undefined, reject: () => undefined };

/** More damaged objects than this in one run are a damaged repository. */
const MOST_DAMAGED = 8;
/** How git exits when it gives up. */
const DIED = 128;

const ARGV = ["cat-file", "--batch"];
const HEADER_CAP = 4096;

/**
 * One `git cat-file --batch` for a whole run: objects are asked for by full id, or by a tree id and a path, and answered
 * in the order asked. Bytes are exactly as stored; that they hash to their name is for the caller to check.
 */
export class ObjectReader {
  readonly #place: GitPlace;
  /** Where objects are looked for before git is started; null once it is. */
  #loose: LooseObjects | null;
  #child: ChildProcessWithoutNullStreams | null = null;
  readonly #waiting: Waiting[] = [];
  #first = 0;
  /** Requests that are not written yet; many are made in one turn, and each write is a system call. */
  #unwritten = "";
  #header = "";
  #reading: Reading | null = null;
  #failure: GitError | null = null;
  #closed = false;
  /** git ended over an object, and what it was asked behind that is not asked again yet. */
  #stopped = false;
  #damaged = 0;
  #cap = OBJECT_CAP;
  #held = 0;
  #paused = false;

  /** Starts git at once, or, given a place to look at before, when something is not found there. */
  constructor(place: GitPlace, loose: LooseObjects | null = null) {
    this.#place = place;
    this.#loose = loose;
    if (loose === null) this.#start();
  }

  #start(): ChildProcessWithoutNullStreams {
    this.#loose = null;
    const child = startGit(this.#place, ARGV);
    child.stderr.resume();
    child.stdout.on("data", (chunk: Buffer) => this.#take(chunk));
    if (this.#paused) child.stdout.pause();
    gitEnded(child, ARGV)
      .then((status) => this.#goOn(status))
      .catch((error: unknown) => this.#fail(error as GitError));
    return (this.#child = child);
  }

  /**
   * `cat-file` dies of an object that is cut off or damaged, and with it everything that was asked behind. That object is
   * then not found, and the rest asked of another child; where git dies of anything else, nothing more is answered.
   */
  async #goOn(status: number): Promise<void> {
    const suspect = this.#waiting[this.#first]?.request;
    const failure = new GitError("ERR_GIT_FAILED", "git cat-file ended early", { argv: ARGV, status });
    if (this.#closed || status !== DIED || suspect === undefined || !isObjectId(suspect)) throw failure;
    if ((this.#damaged += 1) > MOST_DAMAGED) throw failure;
    this.#stopped = true;
    if (!(await isDamaged(this.#place, suspect))) throw failure;
    this.#stopped = false;
    [this.#header, this.#reading, this.#child] = ["", null, null];
    this.#answer({ found: "no", damaged: true });
    const open = this.#waiting.slice(this.#first);
    this.#unwritten = open.map(({ request }) => `${request}\n`).join("");
    this.#write();
  }

  /** The object of this id, whatever its kind. */
  object(oid: ObjectId): Promise<StoredObject> {
    const found = this.#closed ? null : (this.#loose?.(oid) ?? null);
    return found === null ? this.#ask(oid) : Promise.resolve({ found: "yes", oid, ...found });
  }

  /**
   * What stands at a path in a tree or in a commit's tree: `found: "no"` where nothing does. The kind tells a file (blob)
   * from a folder, not from a symbolic link; use `treeEntry` for that.
   */
  at(treeish: ObjectId, path: string): Promise<StoredObject> {
    // The protocol is one request a line (git-cat-file(1)), so such a path cannot be asked for.
    if (/[\n\0]/.test(path)) return Promise.resolve({ found: "no" });
    return this.#ask(`${treeish}:${path}`);
  }

  /** Reads objects of this many bytes, should that be more than the usual. */
  readUpTo(bytes: number): void {
    this.#cap = Math.max(OBJECT_CAP, bytes);
  }

  /**
   * Says that an answer's bytes are still needed; `release` that they are not. While too many are, no further answer is
   * read: requests can be made far ahead, whatever the size of what they bring. Between the two nobody may wait for another answer.
   */
  hold(bytes: number): void {
    this.#held += bytes;
    if (this.#paused || this.#held <= HELD_CAP) return;
    this.#paused = true;
    this.#child?.stdout.pause();
  }

  release(bytes: number): void {
    this.#held -= bytes;
    if (!this.#paused || this.#held > HELD_CAP) return;
    this.#paused = false;
    this.#child?.stdout.resume();
  }

  /** Ends the child. Requests still open are rejected. */
  close(): void {
    this.#closed = true;
    this.#child?.stdin.end();
    this.#child?.kill();
  }

  #ask(request: string): Promise<StoredObject> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null || this.#closed) {
        reject(this.#failure ?? new GitError("ERR_GIT_FAILED", "git cat-file was closed", { argv: ARGV }));
        return;
      }
      this.#waiting.push({ request, resolve, reject });
      if (this.#unwritten === "") process.nextTick(() => this.#write());
      this.#unwritten += `${request}\n`;
    });
  }

  #write(): void {
    if (this.#stopped || this.#closed || this.#unwritten === "") return;
    const child = this.#child ?? this.#start();
    child.stdin.write(this.#unwritten, "latin1");
    this.#unwritten = "";
  }

  #take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && this.#failure === null) {
      at = this.#reading === null ? this.#takeHeader(chunk, at) : this.#takeContent(this.#reading, chunk, at);
    }
  }

  /** Both give the offset behind what they took. */
  #takeHeader(chunk: Buffer, from: number): number {
    const found = chunk.indexOf(0x0a, from);
    const end = found === -1 ? chunk.length : found;
    this.#header += chunk.toString("latin1", from, end);
    if (this.#header.length > HEADER_CAP) {
      this.#fail(new GitError("ERR_GIT_FAILED", "git cat-file gave an answer that is none", { argv: ARGV }));
    }
    if (found === -1) return end;
    const header = this.#header;
    this.#header = "";
    this.#startObject(header);
    return end + 1;
  }

  #startObject(header: string): void {
    const found = /^([0-9a-f]{40}|[0-9a-f]{64}) (commit|tag|tree|blob) (\d{1,15})$/.exec(header);
    if (found?.[1] !== undefined && found[2] !== undefined && found[3] !== undefined) {
      const size = Number(found[3]);
      this.#reading = { oid: found[1] as ObjectId, kind: found[2] as ObjectKind, size, left: size + 1, parts: [] };
    } else if (header.endsWith(" missing")) {
      this.#answer({ found: "no" });
    } else {
      this.#fail(new GitError("ERR_GIT_FAILED", "git cat-file gave an answer that is none", { argv: ARGV }));
    }
  }

  #takeContent(reading: Reading, chunk: Buffer, from: number): number {
    const end = Math.min(chunk.length, from + reading.left);
    reading.left -= end - from;
    // But the line end.
    const last = reading.left === 0 ? end - 1 : end;
    if (reading.size <= this.#cap) reading.parts.push(chunk.subarray(from, last));
    if (reading.left === 0) {
      this.#reading = null;
      this.#answer(finished(reading, this.#cap));
    }
    return end;
  }

  #answer(object: StoredObject): void {
    const waiting = this.#waiting[this.#first];
    if (waiting === undefined) return;
    this.#waiting[this.#first] = ANSWERED;
    this.#first += 1;
    if (this.#first > 1024) {
      this.#waiting.splice(0, this.#first);
      this.#first = 0;
    }
    waiting.resolve(object);
  }

  #fail(error: GitError): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0).slice(this.#first)) reject(this.#failure);
    this.#first = 0;
  }
}

/** git works, and dies when it is asked for this object alone. */
async function isDamaged(place: GitPlace, oid: ObjectId): Promise<boolean> {
  const [nothing, alone] = await Promise.all([tryGit(place, ARGV, ""), tryGit(place, ARGV, `${oid}\n`)]);
  return nothing.status === 0 && alone.status === DIED;
}

function finished({ oid, kind, size, parts }: Reading, cap: number): StoredObject {
  if (size > cap) return { found: "too-large", oid, kind, size };
  const [only, another] = parts;
  const bytes = only !== undefined && another === undefined ? only : Buffer.concat(parts);
  return { found: "yes", oid, kind, bytes };
}

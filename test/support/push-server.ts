/**
 * A bare repository with signpolicy's server hooks, a clone that pushes to it with real git, and people whose SSH
 * signatures are made in process, so that any commit or tag can be put together byte by byte.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { HashAlgorithm, ObjectId } from "../../src/model.ts";
import { hashObject } from "../../src/subject/hash.ts";
import { Repo } from "./repo.ts";
import { ed25519Key, sshSig, type TestKey } from "./ssh.ts";

/** What is tested is the bundle that users run; `npm test` builds it. */
export const BIN = fileURLToPath(new URL("../../dist/signpolicy.cjs", import.meta.url));

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly key: TestKey;
  /** Signs in another way than with the SSH key. */
  readonly sign?: (payload: Buffer, date: number) => Uint8Array;
}

/** A person with a key of his own, the same in every run. */
export function person(name: string): Person {
  const seed = Buffer.alloc(32, name);
  return { name, email: `${name}@example.org`, key: ed25519Key(seed) };
}

export const alice = person("alice");
export const bob = person("bob");
export const eve = person("eve");

export interface CommitOptions {
  readonly parents?: readonly string[];
  readonly message?: string;
  /** Seconds; now unless given. */
  readonly date?: number;
  readonly email?: string;
  readonly author?: string;
  /** Path to content; of a commit with parents, what changes in the first one's tree. */
  readonly files?: Readonly<Record<string, string>>;
  readonly tree?: string;
}

export interface PushResult {
  readonly status: number;
  /** Everything git and the hooks printed. */
  readonly text: string;
}

const now = (): number => Math.floor(Date.now() / 1000);

export const principal = (who: Person, more: object = {}): object => ({
  name: who.name,
  emails: [who.email],
  keys: [{ ssh: who.key.line.trim() }],
  ...more,
});

/** A policy of alice and bob as `devs`, with these rules. */
export const policyOf = (rules: readonly object[], more: object = {}): object => ({
  version: 1,
  principals: { alice: principal(alice), bob: principal(bob) },
  groups: { devs: ["alice", "bob"] },
  rules,
  ...more,
});

export const mainRule = { name: "main", refs: ["refs/heads/main"], commits: { signedBy: ["devs"] } };

export class PushServer {
  readonly server: Repo;
  readonly clone: Repo;
  readonly algorithm: HashAlgorithm;
  /** The tree of each commit made here. */
  readonly #trees = new Map<string, string>();
  #count = 0;

  /** `hooks: false` leaves them to `install --server`. */
  constructor(policy: object | null, algorithm: HashAlgorithm = "sha1", { hooks = true, bare = true } = {}) {
    this.algorithm = algorithm;
    this.server = new Repo({ bare, algorithm });
    this.clone = new Repo({ algorithm });
    this.clone.git(["remote", "add", "origin", this.server.dir]);
    if (hooks) for (const hook of ["pre-receive", "post-receive"]) this.#installHook(hook);
    if (policy !== null) this.setPolicy(policy);
  }

  #installHook(name: string): void {
    const folder = join(this.server.gitDir, "hooks");
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\nunset NODE_OPTIONS\nexec '${process.execPath}' '${BIN}' hook ${name} "$@"\n`);
    chmodSync(path, 0o755);
  }

  /** Switches the hooks off or on, as an administrator might for an hour. */
  hooks(on: boolean): void {
    for (const name of ["pre-receive", "post-receive"]) {
      chmodSync(join(this.server.gitDir, "hooks", name), on ? 0o755 : 0o644);
    }
  }

  /** An administrator's file, pinned in the repository's configuration. */
  setPolicy(policy: object | string): void {
    const path = join(this.server.root, "policy.json");
    writeFileSync(path, typeof policy === "string" ? policy : JSON.stringify(policy));
    this.server.config("signpolicy.policy", path);
  }

  tree(files: Readonly<Record<string, string>>, base?: string): string {
    const known = base === undefined ? this.clone.emptyTree() : this.#trees.get(base);
    if (known !== undefined && Object.keys(files).length === 0) return known;
    const index = { GIT_INDEX_FILE: join(this.clone.root, `index-${String((this.#count += 1))}`) };
    if (base !== undefined) this.clone.git(["read-tree", base], { env: index });
    const rows = Object.entries(files).map(
      ([path, content]) => `100644 ${this.clone.write("blob", Buffer.from(content))}\t${path}\0`,
    );
    this.clone.git(["update-index", "-z", "--index-info"], { env: index, input: rows.join("") });
    return this.clone.git(["write-tree"], { env: index });
  }

  /** A commit signed by `who`, or by nobody, stored in the clone and on no ref. */
  commit(who: Person | null, options: CommitOptions = {}): ObjectId {
    const payload = this.#payload(who, options);
    const raw = who === null ? payload : this.#sign(payload, who, options.date);
    const oid = this.clone.write("commit", raw);
    this.#trees.set(oid, payload.toString("latin1", "tree ".length, payload.indexOf("\n")));
    return oid;
  }

  /** Many commits at once, each on one of these parents in turn; git is started once. */
  commits(who: Person | null, count: number, parents: readonly string[]): readonly ObjectId[] {
    const folder = mkdtempSync(join(this.clone.root, "many-"));
    const tree = this.clone.emptyTree();
    const paths = Array.from({ length: count }, (_, n) => {
      const parent = parents[n % Math.max(1, parents.length)];
      const payload = this.#payload(who, { tree, parents: parent === undefined ? [] : [parent] });
      const path = join(folder, String(n));
      writeFileSync(path, who === null ? payload : this.#sign(payload, who));
      return path;
    });
    const argv = ["hash-object", "-w", "-t", "commit", "--literally", "--no-filters", "--stdin-paths"];
    return this.clone.git(argv, { input: `${paths.join("\n")}\n` }).split("\n") as ObjectId[];
  }

  /** As many commits in a line on top of `parent`, oldest first; git is started once. */
  chain(who: Person, count: number, parent: ObjectId): readonly ObjectId[] {
    const folder = mkdtempSync(join(this.clone.root, "many-"));
    const tree = this.clone.emptyTree();
    const ids: ObjectId[] = [];
    const paths = Array.from({ length: count }, (_, n) => {
      const raw = this.#sign(this.#payload(who, { tree, parents: [ids.at(-1) ?? parent] }), who);
      ids.push(hashObject("commit", raw, this.algorithm));
      const path = join(folder, String(n));
      writeFileSync(path, raw);
      return path;
    });
    const argv = ["hash-object", "-w", "-t", "commit", "--literally", "--no-filters", "--stdin-paths"];
    this.clone.git(argv, { input: `${paths.join("\n")}\n` });
    return ids;
  }

  #payload(who: Person | null, options: CommitOptions): Buffer {
    const { parents = [], message = `commit ${String((this.#count += 1))}` } = options;
    const email = options.email ?? who?.email ?? "nobody@example.org";
    const tree = options.tree ?? this.tree(options.files ?? {}, parents[0]);
    const when = `${String(options.date ?? now())} +0000`;
    const lines = [
      `tree ${tree}`,
      ...parents.map((oid) => `parent ${oid}`),
      `author ${who?.name ?? "nobody"} <${options.author ?? email}> ${when}`,
      `committer ${who?.name ?? "nobody"} <${email}> ${when}`,
      "",
      `${message}\n`,
    ];
    return Buffer.from(lines.join("\n"), "latin1");
  }

  #sign(payload: Buffer, { key, sign }: Person, date = now()): Buffer {
    const end = payload.indexOf("\n\n") + 1;
    const name = this.algorithm === "sha1" ? "gpgsig" : "gpgsig-sha256";
    const armor = Buffer.from(sign?.(payload, date) ?? sshSig(key, payload))
      .toString("latin1")
      .trimEnd()
      .replaceAll("\n", "\n ");
    return Buffer.concat([
      payload.subarray(0, end),
      Buffer.from(`${name} ${armor}\n`, "latin1"),
      payload.subarray(end),
    ]);
  }

  /** The same commit with other words in its message: the signature is there, but not of these bytes. */
  tamper(oid: ObjectId): ObjectId {
    const raw = Buffer.from(this.clone.raw("commit", oid));
    return this.clone.write("commit", Buffer.concat([raw, Buffer.from("and more\n")]));
  }

  tag(who: Person | null, name: string, target: string, kind = "commit"): ObjectId {
    const tagger = who ?? person("nobody");
    const date = now();
    const payload = Buffer.from(
      `object ${target}\ntype ${kind}\ntag ${name}\ntagger ${tagger.name} <${tagger.email}> ${String(date)} +0000\n\n${name}\n`,
    );
    const signature =
      who === null ? Buffer.alloc(0) : Buffer.from(who.sign?.(payload, date) ?? sshSig(who.key, payload));
    return this.clone.write("tag", Buffer.concat([payload, signature]));
  }

  /** Pushes refspecs (`OID:refs/heads/main`), without client hooks. */
  push(refspecs: readonly string[], env: Readonly<Record<string, string>> = {}): PushResult {
    const { status, stdout, stderr } = this.clone.run("git", ["push", "--no-verify", "origin", ...refspecs], { env });
    // What git refused has an arrow, too, and must not look like what landed.
    const text = `${stdout.toString("latin1")}${stderr}`.replace(/^ ! .*$/gm, (line) => line.replace(" -> ", " -/> "));
    return { status: status ?? -1, text };
  }

  /** Calls the hook as git would, with any input, the objects being in the server already. */
  callHook(name: string, input: string, env: Readonly<Record<string, string>> = {}): PushResult {
    const result = this.server.run(process.execPath, [BIN, "hook", name], { input, env: { GIT_DIR: ".", ...env } });
    return { status: result.status ?? -1, text: `${result.stdout.toString("latin1")}${result.stderr}` };
  }

  /** Puts the clone's objects into the server, as if they had come with a push. */
  share(): void {
    cpSync(join(this.clone.gitDir, "objects"), join(this.server.gitDir, "objects"), { recursive: true });
  }

  /** Puts the clone's objects into the server and calls `pre-receive` as git would, though git itself may refuse such a push. */
  pushRaw(ref: string, oid: string, env: Readonly<Record<string, string>> = {}): PushResult {
    this.share();
    const old = this.value(ref) ?? "0".repeat(oid.length);
    return this.callHook("pre-receive", `${old} ${oid} ${ref}\n`, env);
  }

  /** `signpolicy verify` in the server's repository. */
  verify(args: readonly string[]): PushResult {
    const result = this.server.run(process.execPath, [BIN, "verify", ...args]);
    return { status: result.status ?? -1, text: `${result.stdout.toString("latin1")}${result.stderr}` };
  }

  /** The server's value of a ref, null where there is none. */
  value(ref: string): string | null {
    const { status, stdout } = this.server.run("git", ["rev-parse", "--verify", "-q", ref]);
    return status === 0 ? stdout.toString("latin1").trim() : null;
  }

  remove(): void {
    this.server.remove();
    this.clone.remove();
  }
}

export async function withServer<T>(
  policy: object | null,
  body: (server: PushServer) => T | Promise<T>,
  algorithm: HashAlgorithm = "sha1",
): Promise<T> {
  const server = new PushServer(policy, algorithm);
  try {
    return await body(server);
  } finally {
    server.remove();
  }
}

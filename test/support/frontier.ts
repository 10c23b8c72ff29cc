/** A repository in which `verify` is run again and again, with a git that notes whether it was asked. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Kept, KeptRun } from "../../src/check/frontier-runs.ts";
import { alice, BIN, mainRule, policyOf, PushServer, type PushResult } from "./push-server.ts";
import type { Repo } from "./repo.ts";

export class FrontierScene {
  readonly pushes: PushServer;
  readonly #notes: string;
  readonly #env: Record<string, string>;

  constructor(policy: object = policyOf([mainRule])) {
    this.pushes = new PushServer(policy);
    const bin = join(this.pushes.server.root, "bin");
    this.#notes = join(bin, "asked");
    mkdirSync(bin);
    const real = this.pushes.server.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
    writeFileSync(join(bin, "git"), `#!/bin/sh\necho "$*" >>'${this.#notes}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
    this.#env = { PATH: `${bin}:${this.pushes.server.env["PATH"] ?? ""}` };
  }

  get repo(): Repo {
    return this.pushes.server;
  }

  /** The file that the program's start loads. */
  get program(): string {
    return join(BIN, "..", /main-[\w-]+\.cjs/.exec(readFileSync(BIN, "utf8"))?.[0] ?? "");
  }

  get path(): string {
    return this.#env["PATH"] ?? "";
  }

  get file(): string {
    return join(this.repo.gitDir, "signpolicy", "frontier");
  }

  /** Commits by alice on main, of which the last is the tip. */
  grow(count = 2, ref = "refs/heads/main"): string {
    let tip = this.pushes.value(ref);
    for (let n = 0; n < count; n += 1) tip = this.pushes.commit(alice, tip === null ? {} : { parents: [tip] });
    this.put(tip ?? "", ref);
    return tip ?? "";
  }

  /** Puts a ref there as an administrator would: no hook looks at it. */
  put(oid: string, ref = "refs/heads/main"): void {
    this.pushes.share();
    this.repo.updateRef(ref, oid);
  }

  verify(args: readonly string[] = ["refs/heads/main"], at: At = {}): Answer {
    rmSync(this.#notes, { force: true });
    const options = { cwd: at.cwd ?? this.repo.dir, env: { ...this.#env, ...at.env } };
    const result = this.repo.run(process.execPath, [at.program ?? BIN, "verify", ...args], options);
    const text = `${result.stdout.toString("latin1")}${result.stderr}`;
    return { status: result.status ?? -1, text, repeated: !existsSync(this.#notes) };
  }

  /** The runs that are kept; none where there is no file. */
  kept(repo = this.repo): readonly KeptRun[] {
    return contentOf(repo).runs;
  }

  /** What the tips that are kept hold for, each once. */
  keys(repo = this.repo): readonly string[] {
    return [...new Set(contentOf(repo).tips.map(({ key }) => key))];
  }
}

function contentOf(repo: Repo): Kept {
  const file = join(repo.gitDir, "signpolicy", "frontier");
  if (!existsSync(file)) return { runs: [], tips: [] };
  const [, text = "{}"] = readFileSync(file, "utf8").split("\n");
  return (JSON.parse(text) as { readonly content: Kept }).content;
}

interface At {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly program?: string;
}

export interface Answer extends PushResult {
  /** git was not asked for anything: what an earlier run found was said again. */
  readonly repeated: boolean;
}

export async function withFrontier(
  body: (scene: FrontierScene) => void | Promise<void>,
  policy?: object,
): Promise<void> {
  const scene = new FrontierScene(policy);
  try {
    await body(scene);
  } finally {
    scene.pushes.remove();
  }
}

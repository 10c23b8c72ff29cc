/** A bare repository in which `signpolicy install --server` put its hooks, as an administrator does it, for pushes by a URL. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BIN, PushServer, type PushResult } from "../push-server.ts";

/** What an administrator installs with, and where the server's processes look for programs. */
export interface ServerProgram {
  /** The first words of every command. */
  readonly words: readonly string[];
  readonly path: string;
}

export const PACKAGE: ServerProgram = { words: [process.execPath, BIN], path: "/usr/bin:/bin" };

export class InstalledServer extends PushServer {
  readonly program: ServerProgram;

  constructor(policy: object, program = PACKAGE) {
    super(policy, "sha1", { hooks: false });
    this.program = program;
  }

  /** Writes somebody else's hook, which was there first. */
  hookBefore(name: string, line: string): void {
    const file = join(this.server.gitDir, "hooks", name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  }

  /** A scratch folder for the server program that stands in front. */
  scratch(name: string): string {
    const folder = join(this.server.root, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  install(): void {
    const file = join(this.server.root, "policy.json");
    this.signpolicy(["install", "--server", this.server.gitDir, "--policy", file]);
    this.signpolicy(["check-install", "--server", this.server.gitDir]);
  }

  /** Runs the command, which must succeed, and gives what it printed. */
  signpolicy(words: readonly string[]): string {
    const { status, text } = this.try(words);
    if (status !== 0) throw new Error(`signpolicy ${words.join(" ")} ended with ${String(status)}: ${text}`);
    return text;
  }

  /** Runs the command in the server's folder. */
  try(words: readonly string[], env: Readonly<Record<string, string>> = {}): PushResult {
    const { HOME = this.server.home } = env;
    const command = ["-i", `PATH=${this.program.path}`, `HOME=${HOME}`, ...this.program.words, ...words];
    const { status, stdout, stderr } = this.server.run("env", command);
    return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
  }

  /** The lines that came from the hook, without git's `remote: ` and the blanks that it pads them with. */
  static remoteLines(text: string): readonly string[] {
    return text
      .split("\n")
      .filter((line) => line.startsWith("remote: "))
      .map((line) => line.slice("remote: ".length).trimEnd());
  }
}

/** gitolite in a home of its own, behind an sshd; whoever runs the tests is its hosting user. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeKey, startSshd, type Sshd } from "./sshd.ts";

export class Gitolite {
  readonly home: string;
  readonly #folder: string;
  readonly #path: string;
  #sshd: Sshd | null = null;

  /** Sets it up with the one user `alice`, who administrates it. */
  constructor(folder: string, path: string) {
    this.#folder = folder;
    this.#path = path;
    this.home = join(folder, "home");
    mkdirSync(join(this.home, ".ssh"), { recursive: true, mode: 0o700 });
    const key = makeKey(join(folder, "client"));
    writeFileSync(join(folder, "alice.pub"), `${key}\n`);
    this.run("setup", "-pk", join(folder, "alice.pub"));
  }

  async start(): Promise<Sshd> {
    const authorizedKeys = join(this.home, ".ssh", "authorized_keys");
    this.#sshd = await startSshd({
      folder: this.#folder,
      path: this.#path,
      home: this.home,
      login: { authorizedKeys },
    });
    return this.#sshd;
  }

  async stop(): Promise<void> {
    await this.#sshd?.stop();
  }

  get environment(): Record<string, string> {
    return {
      PATH: this.#path,
      HOME: this.home,
      USER: "hosting",
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
    };
  }

  /** Runs a `gitolite` command as the hosting user does on the server. */
  run(...words: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync("gitolite", words, { env: this.environment, encoding: "utf8" });
    if (status !== 0) throw new Error(`gitolite ${words.join(" ")}: ${stdout}${stderr}`);
    return stdout;
  }

  /** Sets LOCAL_CODE in the settings file, as an administrator edits it; null comments it out. */
  setLocalCode(path: string | null): void {
    const file = join(this.home, ".gitolite.rc");
    const line = path === null ? '    # LOCAL_CODE => "",' : `    LOCAL_CODE => "${path}",`;
    writeFileSync(file, readFileSync(file, "utf8").replace(/^ *#? *LOCAL_CODE *=>.*$/m, line));
  }

  repository(name: string): string {
    return join(this.home, "repositories", `${name}.git`);
  }

  /** Makes a repository that everybody may push to, as a push to gitolite-admin would. */
  addRepository(name: string): void {
    const file = join(this.home, ".gitolite", "conf", "gitolite.conf");
    writeFileSync(file, `${readFileSync(file, "utf8")}\nrepo ${name}\n    RW+ = @all\n`);
    this.run("compile");
    this.run("trigger", "POST_COMPILE");
  }
}

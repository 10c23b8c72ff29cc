/**
 * Attack: what a server remembers of git's word on its configuration is forged, exchanged, carried over from another
 * repository or out of date, so that pushes are judged by a policy that nobody set, or a foreign record is believed.
 * Stopped by: io/git-memory.ts (for which bytes of which files, which git, which repository) and io/kept-answer.ts (whose
 * file, whole).
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { withFrontier, type FrontierScene } from "../support/frontier.ts";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const remembered = (server: PushServer): string => join(server.server.gitDir, "signpolicy", "git-said");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

interface Kept {
  readonly system: string;
  readonly values: { readonly scope: string; readonly key: string; readonly value: string }[];
  readonly roots: string[];
}

/** A policy under which anything passes, where only the forger's configuration names it. */
function laxPolicy(server: PushServer): string {
  const path = join(server.server.root, "lax.json");
  writeFileSync(path, JSON.stringify(policyOf([{ ...mainRule, commits: { signedBy: ["devs"], level: "warn" } }])));
  return path;
}

/** The file as our own user would have written it, had the configuration named another policy. */
function forged(server: PushServer, edit: (question: string) => string = (question) => question): string {
  const [, question = "", ...rest] = readFileSync(remembered(server), "utf8").split("\n");
  const answer = JSON.parse(rest.join("\n")) as Kept;
  const values = answer.values.map((entry) =>
    entry.key === "signpolicy.policy" ? { ...entry, value: laxPolicy(server) } : entry,
  );
  const asked = `${edit(question)}\n${JSON.stringify({ ...answer, values })}`;
  return `${sha256(asked)}\n${asked}`;
}

interface Scene {
  readonly server: PushServer;
  /** Pushes what the policy forbids. */
  readonly unsigned: (env?: Record<string, string>) => string;
  /** What git was asked since the last time. */
  readonly asked: () => readonly string[];
}

/** A server that took a push, and so remembers. Its hooks' git is a script that notes what it is asked. */
async function withMemory(body: (scene: Scene) => void | Promise<void>): Promise<void> {
  await withServer(policyOf([mainRule]), async (server) => {
    const bin = join(server.server.root, "bin");
    const notes = join(bin, "asked");
    mkdirSync(bin);
    const real = server.server.run("sh", ["-c", "command -v git"]).stdout.toString().trim();
    writeFileSync(join(bin, "git"), `#!/bin/sh\necho "$*" >>'${notes}'\nexec '${real}' "$@"\n`, { mode: 0o755 });
    const hook = join(server.server.gitDir, "hooks", "pre-receive");
    const text = readFileSync(hook, "utf8").replace("unset", `export PATH='${bin}':"$PATH"\nunset`);
    writeFileSync(hook, text);
    const asked = (): readonly string[] => {
      const lines = existsSync(notes) ? readFileSync(notes, "utf8").trim().split("\n") : [];
      rmSync(notes, { force: true });
      return lines;
    };
    const first = server.commit(alice);
    expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
    // Until then there was no root commit to know.
    expect(server.push([`${server.commit(alice, { parents: [first] })}:refs/heads/main`]).status).toBe(0);
    expect(asked().length).toBeGreaterThan(0);
    const unsigned = (env: Record<string, string> = {}): string => {
      const next = server.commit(null, { parents: [server.value("refs/heads/main") ?? first] });
      const { status, text: said } = server.push([`${next}:refs/heads/main`], env);
      return status === 0 ? "passed" : said;
    };
    await body({ server, unsigned, asked });
  });
}

const signed = (server: PushServer): string => {
  const next = server.commit(alice, { parents: [server.value("refs/heads/main") ?? ""] });
  const { status, text } = server.push([`${next}:refs/heads/main`]);
  return status === 0 ? "passed" : text;
};

const put = (server: PushServer, text: string, mode = 0o600): void => {
  rmSync(remembered(server), { force: true });
  writeFileSync(remembered(server), text, { mode });
  chmodSync(remembered(server), mode);
};

describe("git's remembered word on the configuration", () => {
  it("lies where only the server's user can write it, and spares a push that passes every start of git", () =>
    withMemory(({ server, asked }) => {
      expect(statSync(remembered(server)).mode & 0o777).toBe(0o600);
      expect(signed(server)).toBe("passed");
      expect(asked()).toEqual([]);
    }));

  it("judges as the configuration does, and git is asked where something is wrong (unsigned)", () =>
    withMemory(({ unsigned, asked }) => {
      expect(unsigned()).toContain("unsigned");
      expect(asked().join("\n")).not.toContain("config");
    }));

  it("is as good as the configuration to who can write it: that is what the other tests take away", () =>
    withMemory(({ server, unsigned }) => {
      put(server, forged(server));
      expect(unsigned()).toBe("passed");
    }));

  it("is not believed where others can write it, or through a link (unsigned)", () =>
    withMemory(({ server, unsigned }) => {
      const text = forged(server);
      for (const mode of [0o620, 0o602, 0o666]) {
        put(server, text, mode);
        expect(unsigned()).toContain("unsigned");
      }
      writeFileSync(join(server.server.root, "elsewhere"), text, { mode: 0o600 });
      rmSync(remembered(server));
      symlinkSync(join(server.server.root, "elsewhere"), remembered(server));
      expect(unsigned()).toContain("unsigned");
    }));

  const asRoot = process.geteuid?.() === 0 ? it : it.skip;
  asRoot("of another user is not believed (unsigned)", () =>
    withMemory(({ server, unsigned }) => {
      put(server, forged(server));
      chownSync(remembered(server), 65_534, 65_534);
      expect(unsigned()).toContain("unsigned");
      expect(signed(server)).toBe("passed");
      expect(statSync(remembered(server)).uid).toBe(65_534);
    }),
  );

  it("of another question, or torn, is not believed (unsigned)", () =>
    withMemory(({ server, unsigned }) => {
      const other = forged(server, () => sha256("another configuration"));
      const whole = forged(server);
      for (const text of [other, whole.slice(0, -1), whole.slice(0, 70), "", `${whole} `]) {
        put(server, text);
        expect(unsigned()).toContain("unsigned");
      }
    }));

  it("holds no longer when the configuration changes by a byte, in place (unsigned)", () =>
    withMemory(({ server, unsigned }) => {
      put(server, forged(server));
      const config = join(server.server.gitDir, "config");
      const { size } = statSync(config);
      writeFileSync(config, readFileSync(config, "utf8").replace(/bare/, "Bare"));
      expect(unsigned()).toContain("unsigned");
      expect(statSync(config).size).toBe(size);
    }));

  it("follows a change of the pinned policy at once", () =>
    withMemory(({ server, unsigned }) => {
      expect(unsigned()).toContain("unsigned");
      server.server.config("signpolicy.policy", laxPolicy(server));
      expect(unsigned()).toBe("passed");
      server.setPolicy(policyOf([mainRule]));
      expect(unsigned()).toContain("unsigned");
    }));

  it("is not kept where an include, even of nothing, may say more tomorrow", () =>
    withMemory(({ server, unsigned, asked }) => {
      const more = join(server.server.root, "more");
      server.server.config("include.path", more);
      expect(signed(server)).toBe("passed");
      expect(existsSync(remembered(server))).toBe(false);
      expect(signed(server)).toBe("passed");
      expect(asked().join("\n")).toContain("config --list");
      writeFileSync(more, `[signpolicy]\n\tpolicy = ${laxPolicy(server)}\n`);
      expect(unsigned()).toBe("passed");
      appendFileSync(more, `[signpolicy]\n\tpolicy = ${join(server.server.root, "policy.json")}\n`);
      expect(unsigned()).toContain("unsigned");
    }));

  it("is not kept where work trees have a configuration of their own", () =>
    withMemory(({ server, asked }) => {
      server.server.config("extensions.worktreeConfig", "true");
      expect(signed(server)).toBe("passed");
      asked();
      expect(signed(server)).toBe("passed");
      expect(asked().join("\n")).toContain("config --list");
    }));

  it("is forgotten where the policy comes to lie in the repository, which git must read", () =>
    withMemory(({ server }) => {
      const tree = server.tree({ ".signpolicy.json": JSON.stringify(policyOf([mainRule])) });
      const next = server.commit(alice, { parents: [server.value("refs/heads/main") ?? ""], tree });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      server.server.git(["config", "--unset", "signpolicy.policy"]);
      expect(signed(server)).toBe("passed");
      expect(existsSync(remembered(server))).toBe(false);
    }));

  it("holds no longer under another git", () =>
    withMemory(({ server, unsigned }) => {
      put(server, forged(server));
      const git = join(server.server.root, "bin", "git");
      cpSync(git, `${git}.new`);
      renameSync(`${git}.new`, git);
      expect(unsigned()).toContain("unsigned");
    }));

  it("of another repository is not believed, whose record came with it (bad-input)", () =>
    withMemory(({ server }) =>
      withServer(policyOf([mainRule]), (other) => {
        rmSync(join(other.server.gitDir, "signpolicy"), { recursive: true, force: true });
        cpSync(join(server.server.gitDir, "signpolicy"), join(other.server.gitDir, "signpolicy"), { recursive: true });
        cpSync(
          join(server.server.gitDir, "info", "signpolicy-record"),
          join(other.server.gitDir, "info", "signpolicy-record"),
        );
        cpSync(join(server.server.gitDir, "config"), join(other.server.gitDir, "config"));
        cpSync(join(server.server.gitDir, "hooks"), join(other.server.gitDir, "hooks"), { recursive: true });
        const { text } = other.push([`${other.commit(alice, { message: "first of all" })}:refs/heads/main`]);
        expect(text).toContain("the receive record is another repository's");
      }),
    ));
});

describe("verify, which remembers it as well", () => {
  const asked = (scene: FrontierScene): string => readFileSync(join(scene.repo.root, "bin", "asked"), "utf8");

  it("asks git for the configuration once, and judges what is new as it would have (unsigned)", () =>
    withFrontier((scene) => {
      scene.grow();
      expect(scene.verify().status).toBe(0);
      expect(asked(scene)).toContain("config --list");
      expect(statSync(remembered(scene.pushes)).mode & 0o777).toBe(0o600);
      scene.grow(1);
      expect(scene.verify().status).toBe(0);
      expect(asked(scene)).not.toContain("config");
      scene.put(scene.pushes.commit(null, { parents: [scene.grow(1)] }));
      expect(scene.verify()).toMatchObject({ status: 1, text: expect.stringContaining("unsigned") });
      expect(asked(scene)).not.toContain("config");
    }));

  it("follows the configuration at once, and believes nobody else's word (unsigned)", () =>
    withFrontier((scene) => {
      const { pushes, repo } = scene;
      const good = scene.grow();
      expect(scene.verify().status).toBe(0);
      scene.put(pushes.commit(null, { parents: [good] }));
      const strict = (): void =>
        expect(scene.verify()).toMatchObject({ status: 1, text: expect.stringContaining("unsigned") });
      const text = forged(pushes);
      put(pushes, text);
      expect(scene.verify().status).toBe(0);
      put(pushes, text, 0o660);
      strict();
      put(
        pushes,
        forged(pushes, () => sha256("another configuration")),
      );
      strict();
      repo.config("signpolicy.policy", laxPolicy(pushes));
      expect(scene.verify().status).toBe(0);
      repo.config("signpolicy.policy", join(repo.root, "policy.json"));
      strict();
    }));
});

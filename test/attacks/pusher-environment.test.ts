/**
 * Attack 73, variable by variable: whoever pushes to a path starts git-receive-pack himself, so that all of his environment
 * reaches the hook; over other transports some of it may. None of it loosens a verdict, moves what is judged, or has a
 * program run or a file written for him.
 * Stopped by: an environment for each git child that is built from a list (io/environment.ts), and the server's shim, which
 * takes out what node or the loader would read (hooks/server).
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { shimText } from "../../src/io/package-root.ts";
import { alice, BIN, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

type Variables = Readonly<Record<string, string>>;

/** What the pusher holds: a program that leaves a trace, a lax policy, a repository of his own with it. */
interface Holdings {
  readonly folder: string;
  readonly canary: string;
  readonly program: string;
  readonly config: string;
  readonly own: string;
}

function holdings(server: PushServer): Holdings {
  const folder = join(server.clone.root, "mine");
  mkdirSync(folder);
  const [canary, program, config] = [join(folder, "ran"), join(folder, "run.sh"), join(folder, "gitconfig")];
  writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\n`, { mode: 0o755 });
  const lax = join(folder, "lax.json");
  writeFileSync(lax, JSON.stringify(policyOf([], { unmatched: "allow" })));
  server.clone.config("signpolicy.policy", lax);
  writeFileSync(
    config,
    `[signpolicy]\n\tpolicy = ${lax}\n[core]\n\tfsmonitor = ${program}\n\tpager = ${program}\n[gpg]\n\tprogram = ${program}\n`,
  );
  return { folder, canary, program, config, own: server.clone.gitDir };
}

const ATTEMPTS: Readonly<Record<string, (mine: Holdings) => Variables>> = {
  "GIT_CONFIG_COUNT: another policy": ({ folder }) => ({
    GIT_CONFIG_COUNT: "2",
    GIT_CONFIG_KEY_0: "signpolicy.policy",
    GIT_CONFIG_VALUE_0: join(folder, "lax.json"),
    GIT_CONFIG_KEY_1: "signpolicy.trustRoot",
    GIT_CONFIG_VALUE_1: "1".repeat(40),
  }),
  "GIT_CONFIG_PARAMETERS: another policy": ({ folder }) => ({
    GIT_CONFIG_PARAMETERS: `'signpolicy.policy'='${join(folder, "lax.json")}'`,
  }),
  "GIT_CONFIG_GLOBAL, GIT_CONFIG_SYSTEM, GIT_CONFIG": ({ config }) => ({
    GIT_CONFIG_GLOBAL: config,
    GIT_CONFIG_SYSTEM: config,
    GIT_CONFIG: config,
    GIT_CONFIG_NOSYSTEM: "0",
  }),
  "HOME and XDG_CONFIG_HOME with a configuration": ({ folder }) => ({ HOME: folder, XDG_CONFIG_HOME: folder }),
  "gpg.program, core.fsmonitor and the pager": ({ program }) => ({
    GIT_CONFIG_COUNT: "3",
    GIT_CONFIG_KEY_0: "gpg.program",
    GIT_CONFIG_VALUE_0: program,
    GIT_CONFIG_KEY_1: "core.fsmonitor",
    GIT_CONFIG_VALUE_1: program,
    GIT_CONFIG_KEY_2: "core.hooksPath",
    GIT_CONFIG_VALUE_2: "/dev/null",
    GIT_PAGER: program,
    PAGER: program,
  }),
  "programs that git would start": ({ program }) => ({
    GIT_EXTERNAL_DIFF: program,
    GIT_SSH: program,
    GIT_SSH_COMMAND: program,
    GIT_PROXY_COMMAND: program,
    GIT_ASKPASS: program,
    SSH_ASKPASS: program,
    GIT_EDITOR: program,
    EDITOR: program,
  }),
  "GIT_WORK_TREE, GIT_INDEX_FILE, GIT_PREFIX, GIT_CEILING_DIRECTORIES": ({ folder }) => ({
    GIT_WORK_TREE: folder,
    GIT_INDEX_FILE: join(folder, "index"),
    GIT_PREFIX: folder,
    GIT_CEILING_DIRECTORIES: "/",
  }),
  "replace refs, grafts, shallow edges, lazy fetches": ({ folder }) => ({
    GIT_REPLACE_REF_BASE: "refs/heads/",
    GIT_NO_REPLACE_OBJECTS: "0",
    GIT_GRAFT_FILE: join(folder, "grafts"),
    GIT_SHALLOW_FILE: join(folder, "shallow"),
    GIT_NO_LAZY_FETCH: "0",
  }),
  "traces into a file of the server": ({ folder }) => ({
    GIT_TRACE: join(folder, "trace"),
    GIT_TRACE_PACKET: join(folder, "packet"),
    GIT_TRACE2_EVENT: join(folder, "event"),
    GIT_TRACE_SETUP: join(folder, "setup"),
  }),
  "pathspecs, languages, hashes": () => ({
    GIT_LITERAL_PATHSPECS: "0",
    GIT_ICASE_PATHSPECS: "1",
    GIT_DEFAULT_HASH: "sha256",
    LC_ALL: "tr_TR.UTF-8",
    LANG: "de_DE.UTF-8",
    TZ: "Pacific/Kiritimati",
  }),
  "a push certificate that git found good": () => ({
    GIT_PUSH_CERT: "1".repeat(40),
    GIT_PUSH_CERT_STATUS: "G",
    GIT_PUSH_CERT_SIGNER: "alice@example.org",
    GIT_PUSH_CERT_NONCE_STATUS: "OK",
  }),
  "the names that forges give their own pushes": () => ({
    GL_ID: "key-1",
    GL_PROTOCOL: "web",
    GITEA_INTERNAL_PUSH: "true",
    GITHUB_VIA: "merge",
    REMOTE_USER: "alice",
    GL_USER: "alice",
  }),
  "words of our own": ({ folder }) => ({
    SIGNPOLICY_POLICY: join(folder, "lax.json"),
    SIGNPOLICY_SKIP: "1",
    SIGNPOLICY: "0",
    HUSKY: "0",
    CI: "true",
    NODE_ENV: "development",
    DEBUG: "*",
  }),
};

/** The hook as `install --server` makes it, its program being ours. */
async function withShim(server: PushServer): Promise<void> {
  const text = (await shimText("server"))
    .replace("@NODE@", `'${process.execPath}'`)
    .replace("@ENTRY@", `'${BIN}'`)
    .replace("@HOOK@", "pre-receive")
    .replace(" @THEN@", "");
  writeFileSync(join(server.server.gitDir, "hooks", "pre-receive"), text, { mode: 0o755 });
}

describe("the environment of whoever pushes (attack 73)", () => {
  it.each(Object.entries(ATTEMPTS))("loosens nothing and has nothing run or written: %s (unsigned)", (_, attempt) =>
    withServer(policyOf([mainRule]), async (server) => {
      await withShim(server);
      const mine = holdings(server);
      const before = readdirSync(mine.folder);
      const first = server.commit(alice);
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const bad = server.commit(null, { parents: [first] });
      server.share();
      const variables = attempt(mine);
      const line = `${first} ${bad} refs/heads/main\n`;
      const judged = server.callHook("pre-receive", line, variables);
      expect(judged.status).toBe(1);
      expect(judged.text).toContain("unsigned");
      expect(readdirSync(mine.folder)).toEqual(before);
      expect(existsSync(mine.canary)).toBe(false);

      // And through git, which starts the hook as it starts it for him.
      expect(server.push([`${bad}:refs/heads/main`], variables).text).toContain("unsigned");
      expect(server.value("refs/heads/main")).toBe(first);
      expect(existsSync(mine.canary)).toBe(false);
    }),
  );

  it("names no other repository: GIT_DIR, GIT_COMMON_DIR, GIT_OBJECT_DIRECTORY (unsigned)", () =>
    withServer(policyOf([mainRule]), async (server) => {
      await withShim(server);
      const mine = holdings(server);
      const first = server.commit(alice);
      const bad = server.commit(null, { parents: [first] });
      for (const variables of [
        { GIT_DIR: mine.own },
        { GIT_DIR: mine.own, GIT_COMMON_DIR: mine.own },
        { GIT_DIR: mine.own, GIT_ALTERNATE_OBJECT_DIRECTORIES: join(mine.own, "objects") },
      ]) {
        expect(server.push([`${bad}:refs/heads/main`], variables).text).toContain("unsigned");
      }
      expect(server.value("refs/heads/main")).toBeNull();
      expect(server.push([`${first}:refs/heads/main`], { GIT_DIR: mine.own }).status).toBe(0);
    }));

  it("reaches neither node nor a child of it: NODE_OPTIONS, LD_PRELOAD, LD_AUDIT, LD_LIBRARY_PATH, OPENSSL_CONF", () =>
    withServer(policyOf([mainRule]), async (server) => {
      await withShim(server);
      const mine = holdings(server);
      const trap = join(mine.folder, "trap.cjs");
      writeFileSync(trap, `require("fs").writeFileSync(${JSON.stringify(mine.canary)}, ""); process.exit(0);\n`);
      const seen = join(mine.folder, "seen");
      // A node that tells what it was given, in the place of the one that the shim names.
      const node = join(server.server.root, "node");
      writeFileSync(node, `#!/bin/sh\nenv >'${seen}'\nexec '${process.execPath}' "$@"\n`, { mode: 0o755 });
      const shim = join(server.server.gitDir, "hooks", "pre-receive");
      writeFileSync(shim, readFileSync(shim, "utf8").replace(`node='${process.execPath}'`, `node='${node}'`));
      const variables = {
        NODE_OPTIONS: `--require=${trap}`,
        NODE_PATH: mine.folder,
        NODE_EXTRA_CA_CERTS: trap,
        NODE_V8_COVERAGE: join(mine.folder, "coverage"),
        NODE_TLS_REJECT_UNAUTHORIZED: "0",
        LD_LIBRARY_PATH: mine.folder,
        OPENSSL_CONF: trap,
        OPENSSL_MODULES: mine.folder,
        SSLKEYLOGFILE: join(mine.folder, "keys"),
        // The loader says of a library that is not there that it ignores it, and goes on.
        LD_PRELOAD: join(mine.folder, "evil.so"),
        LD_AUDIT: join(mine.folder, "evil.so"),
        OPENSSL_ENGINES: mine.folder,
      };
      const bad = server.commit(null);
      expect(server.push([`${bad}:refs/heads/main`], variables).text).toContain("unsigned");
      const given = readFileSync(seen, "latin1");
      for (const name of Object.keys(variables)) expect(given).not.toMatch(new RegExp(`^${name}=`, "m"));
      expect(existsSync(mine.canary)).toBe(false);
    }));
});

/** Pushes over every way that git itself takes them: a path, OpenSSH, smart HTTP. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { alice, bob, eve, mainRule, policyOf, principal } from "../push-server.ts";
import { startHttp } from "./http.ts";
import { InstalledServer, type ServerProgram } from "./installed.ts";
import { startSshd } from "./sshd.ts";
import { SEED } from "../signed-push.ts";
import { SshKeygen } from "../ssh-keygen.ts";
import { describeWith, itWith, type Tool } from "../tools.ts";

interface Transport {
  readonly url: string;
  readonly client?: Readonly<Record<string, string>>;
  readonly stop?: () => Promise<void>;
}

const policy = policyOf([mainRule, { name: "tags", refs: ["refs/tags/*"], tags: { signedBy: ["devs"] } }]);

const ssh = (login: "git-shell" | "forced") => async (server: InstalledServer) => {
  const { path } = server.program;
  const sshd = await startSshd({ folder: server.scratch("sshd"), path, home: server.scratch("home"), login });
  return { url: sshd.url(server.server.gitDir), client: sshd.client, stop: sshd.stop };
};

const transports: readonly [string, readonly Tool[], (server: InstalledServer) => Promise<Transport>][] = [
  [
    "a path (file://)",
    ["git"],
    (server) => {
      // Here the hook has the pusher's environment.
      const client = { PATH: server.program.path };
      return Promise.resolve({ url: `file://${server.server.gitDir}`, client });
    },
  ],
  ["OpenSSH that runs git-shell", ["git", "ssh-keygen", "sshd", "git-shell"], ssh("git-shell")],
  ["OpenSSH with a key's forced command", ["git", "ssh-keygen", "sshd", "git-shell"], ssh("forced")],
  [
    "smart HTTP (nginx, fcgiwrap, git-http-backend)",
    ["git", "nginx", "fcgiwrap"],
    async (server) => {
      const { gitDir } = server.server;
      const http = await startHttp(server.scratch("http"), dirname(gitDir), server.program.path);
      return { url: http.url(basename(gitDir)), stop: http.stop };
    },
  ],
];

/** Every transport in turn, with hooks of the program that `prepare` gives. */
export function describeTransports(of: string, prepare: () => ServerProgram, needed: readonly Tool[] = []): void {
  describe(of, () => {
    for (const [name, tools, start] of transports) {
      describeWith([...needed, ...tools], `pushes over ${name}`, () => {
        let server: InstalledServer;
        let transport: Transport;
        const push = (...refspecs: string[]) => server.push(refspecs, transport.client ?? {});

        beforeAll(async () => {
          server = new InstalledServer(policy, prepare());
          server.hookBefore("pre-receive", `env >'${join(server.server.root, "seen")}'`);
          server.install();
          transport = await start(server);
          server.clone.git(["remote", "set-url", "origin", transport.url]);
        });
        afterAll(async () => {
          await transport.stop?.();
          server.remove();
        });

        it("are taken when they are signed, and recorded", () => {
          const first = server.commit(alice);
          const result = push(`${first}:refs/heads/main`, `${server.tag(alice, "v1", first)}:refs/tags/v1`);
          expect(InstalledServer.remoteLines(result.text)).toEqual([]);
          expect([result.status, server.value("refs/heads/main")]).toEqual([0, first]);
          const record = readFileSync(join(server.server.gitDir, "signpolicy/record.jsonl"), "utf8");
          expect(record.split("\n").filter((line) => line.includes('"landed"'))).toHaveLength(2);
        });

        it("run the hook that was there before behind ours, in the environment that the server gives", () => {
          const seen = readFileSync(join(server.server.root, "seen"), "utf8");
          expect(seen).toMatch(/^GIT_DIR=\.$/m);
          if (transport.url.startsWith("http:")) expect(seen).not.toMatch(/^HOME=/m);
          if (transport.url.startsWith("ssh:")) expect(seen).toMatch(/^SSH_CONNECTION=127\.0\.0\.1 /m);
        });

        it("are refused when they are not, with the reasons and what mends them (unsigned, unknown-key)", () => {
          const before = server.value("refs/heads/main");
          const unsigned = server.commit(null, { parents: before === null ? [] : [before], message: "no key today" });
          const stranger = server.commit(eve, { parents: [unsigned], message: "let me in" });
          const result = push(`${stranger}:refs/heads/main`);
          expect([result.status, server.value("refs/heads/main")]).toEqual([1, before]);
          expect(result.text).toContain("! [remote rejected]");
          const lines = InstalledServer.remoteLines(result.text);
          expect(lines[0]).toBe("error: signpolicy: 2 of 2 commits rejected on refs/heads/main");
          expect(lines.join("\n")).toContain(
            `error: ${unsigned.slice(0, 8)} unsigned "no key today" nobody@example.org`,
          );
          expect(lines.join("\n")).toMatch(new RegExp(`^error: ${stranger.slice(0, 8)} unknown-key "let me in"`, "m"));
          expect(lines.filter((line) => line.startsWith("hint: fix: "))).not.toEqual([]);
          for (const line of lines) expect(line).toMatch(/^(?:error|hint|warning): [\x20-\x7e]{1,65}$/);
        });

        it("are refused in lines that fit, grouped by cause, whatever bytes the commits hold", () => {
          const titles = [
            "\x1b[2J\x1b[31mall is well",
            "GL-HOOK-ERR: all is well",
            "remote: ok\rerror: ok",
            "\u202egnp.exe",
            "\x00\xff",
          ];
          let tip = server.value("refs/heads/main") ?? "";
          for (let n = 0; n < 27; n += 1) {
            const message = Buffer.from(`${titles[n % titles.length] ?? ""} ${String(n)}`, "utf8").toString("latin1");
            tip = server.commit(n % 9 === 8 ? eve : null, { parents: tip === "" ? [] : [tip], message });
          }
          const ref = `refs/heads/${"long-".repeat(14)}\u00e9\u202e`;
          server.setPolicy({ ...policy, rules: [{ ...mainRule, refs: ["refs/heads/**"] }] });
          const result = push(`${tip}:${ref}`);
          server.setPolicy(policy);
          expect(result.status).toBe(1);
          const lines = InstalledServer.remoteLines(result.text);
          for (const line of lines) expect(line).toMatch(/^(?=.{0,72}$)(?:error|hint): [\x20-\x7e]+$/);
          expect(lines.filter((line) => /^error: [0-9a-f]{8} (?:unsigned|unknown-key) "/.test(line))).toHaveLength(20);
          expect(lines.filter((line) => line.startsWith("error: unsigned (rule"))).toHaveLength(1);
          const more = lines.flatMap((line) => /^error: \+(\d+) more /.exec(line)?.[1] ?? []);
          expect(more.reduce((sum, many) => sum + Number(many), 0)).toBe(7);
        });

        itWith(["ssh-keygen"], "are taken by their certificate, whose nonce this repository issued (unsigned)", () => {
          const keygen = new SshKeygen();
          try {
            const line = keygen.make("pusher", "ed25519").trim();
            const carol = { emails: ["carol@example.org"], keys: [{ ssh: line }] };
            const principals = { alice: principal(alice), bob: principal(bob), carol };
            server.setPolicy({ ...policy, principals, rules: [{ ...mainRule, pushes: { signedBy: ["carol"] } }] });
            server.server.config("receive.certNonceSeed", SEED);
            server.server.config("receive.certNonceSlop", "60");
            const tip = server.value("refs/heads/main");
            const next = server.commit(alice, { parents: tip === null ? [] : [tip] });
            expect(push(`${next}:refs/heads/main`).text).toContain("unsigned");
            server.clone.config("gpg.format", "ssh");
            server.clone.config("user.signingkey", keygen.path("pusher"));
            server.clone.config("push.gpgSign", "true");
            const result = push(`${next}:refs/heads/main`);
            expect(InstalledServer.remoteLines(result.text)).toEqual([]);
            expect([result.status, server.value("refs/heads/main")]).toEqual([0, next]);
            const record = readFileSync(join(server.server.gitDir, "signpolicy/record.jsonl"), "utf8");
            expect(record).toContain('"principal":"carol"');
          } finally {
            server.clone.config("push.gpgSign", "false");
            server.setPolicy(policy);
            keygen.dispose();
          }
        });
      });
    }
  });
}

/**
 * Attack: what a server remembers of the last policy that passed every check is forged, exchanged or damaged, so that
 * pushes are judged by rules that nobody wrote.
 * Stopped by: io/kept-answer.ts (whose file, whole, for which bytes and which program), and by commands not asking it.
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { chmodSync, chownSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { alice, mainRule, policyOf, withServer, type PushServer } from "../support/push-server.ts";

const remembered = (server: PushServer): string => join(server.server.gitDir, "signpolicy", "policy-checked");

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The file as our own user would have written it, had the rule only warned. */
function forged(server: PushServer, edit: (question: string) => string = (question) => question): string {
  const [, question = "", ...rest] = readFileSync(remembered(server), "utf8").split("\n");
  const answer = JSON.parse(rest.join("\n")) as { file: { rules: { commits: object }[] } };
  for (const rule of answer.file.rules) rule.commits = { ...rule.commits, level: "warn" };
  const asked = `${edit(question)}\n${JSON.stringify(answer)}`;
  return `${sha256(asked)}\n${asked}`;
}

/** A server that took a push, and so remembers its policy; `unsigned` pushes what the policy forbids. */
async function withMemory(body: (server: PushServer, unsigned: () => string) => void): Promise<void> {
  await withServer(policyOf([mainRule]), (server) => {
    const first = server.commit(alice);
    expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
    const next = server.commit(null, { parents: [first] });
    body(server, () => {
      const { status, text } = server.push([`${next}:refs/heads/main`]);
      return status === 0 ? "passed" : text;
    });
  });
}

const put = (server: PushServer, text: string, mode = 0o600): void => {
  rmSync(remembered(server), { force: true });
  writeFileSync(remembered(server), text, { mode });
  chmodSync(remembered(server), mode);
};

describe("the remembered policy", () => {
  it("lies where only the server's user can write it, and judges as the file does (unsigned)", () =>
    withMemory((server, unsigned) => {
      expect(statSync(remembered(server)).mode & 0o777).toBe(0o600);
      expect(unsigned()).toContain("unsigned");
    }));

  it("is as good as the program to who can write it: that is what the other tests take away", () =>
    withMemory((server, unsigned) => {
      put(server, forged(server));
      expect(unsigned()).toBe("passed");
    }));

  it("is not believed where others can write it, or through a link (unsigned)", () =>
    withMemory((server, unsigned) => {
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
    withMemory((server, unsigned) => {
      put(server, forged(server));
      chownSync(remembered(server), 65_534, 65_534);
      expect(unsigned()).toContain("unsigned");
    }),
  );

  it("of other bytes, of another program, or torn is not believed (unsigned)", () =>
    withMemory((server, unsigned) => {
      const other = forged(server, () => sha256("another policy, or program"));
      const whole = forged(server);
      const torn = [whole.slice(0, -1), whole.slice(0, 70), "", whole.replace('"warn"', '"warm"'), `${whole} `];
      for (const text of [other, ...torn]) {
        put(server, text);
        expect(unsigned()).toContain("unsigned");
      }
    }));

  it("is forgotten when the policy changes by a byte", () =>
    withMemory((server, unsigned) => {
      put(server, forged(server));
      server.setPolicy(`${JSON.stringify(policyOf([mainRule]))} `);
      expect(unsigned()).toContain("unsigned");
    }));

  it("is not asked by a command, which may look at a stranger's repository", () =>
    withMemory((server, unsigned) => {
      put(server, forged(server));
      expect(unsigned()).toBe("passed");
      expect(server.verify(["refs/heads/main"]).text).toMatch(/unsigned/);
    }));
});

/**
 * Attack: a thief of a key dates a commit back to before the theft and shows a clone some paper that it was there by then:
 * forged, changed, another repository's, or signed for another purpose.
 * Stopped by: subject/record-witness.ts, the one verifier, and check/exported-witness.ts, which takes file and key from
 * whoever runs it, never from what the repository brings.
 */
import { afterAll, describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { withGnupgHome } from "../support/gpg.ts";
import {
  alice,
  BIN,
  bob,
  eve,
  mainRule,
  policyOf,
  principal,
  PushServer,
  withServer,
  type PushResult,
} from "../support/push-server.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { sshSig } from "../support/ssh.ts";
import { describeWith } from "../support/tools.ts";

const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString().replace(/\.\d+Z/, "Z");

/** The policy once alice's key is known to be stolen at that time. */
const stolen = (compromised: string): object =>
  policyOf([mainRule], {
    principals: {
      alice: principal(alice, { keys: [{ ssh: alice.key.line.trim(), compromised }] }),
      bob: principal(bob),
    },
  });

/** A server whose record shows alice's commit on main, and a clone that has it. */
function received(server: PushServer): string {
  const oid = server.commit(alice, { date: Math.floor(Date.now() / 1000) - 60 });
  expect(server.push([`${oid}:refs/heads/main`]).status).toBe(0);
  server.clone.updateRef("refs/heads/main", oid);
  return oid;
}

const run = (
  server: PushServer,
  where: "server" | "clone",
  args: readonly string[],
  env: Record<string, string> = {},
): PushResult => {
  const { status, stdout, stderr } = server[where].run(process.execPath, [BIN, ...args], { env });
  return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
};

/** `verify` in the clone by the policy that marks the key. */
function verify(server: PushServer, when: string, target: string, witness: readonly string[] = []): PushResult {
  const policy = join(server.clone.root, "stolen.json");
  writeFileSync(policy, JSON.stringify(stolen(when)));
  return run(server, "clone", ["verify", "--policy", policy, "--as", "refs/heads/main", ...witness, target]);
}

describeWith(["ssh-keygen"], "an exported record", () => {
  const keygen = new SshKeygen();
  afterAll(() => {
    keygen.dispose();
    scene?.server.remove();
  });
  let made = 0;
  const key = (): string => {
    const name = `key-${String((made += 1))}`;
    keygen.make(name, "ed25519");
    return keygen.path(name);
  };
  const exported = (server: PushServer, signer: string): string => {
    const file = join(server.clone.root, "app.witness");
    const { status, stdout, stderr } = server.server.run(process.execPath, [BIN, "record", "export", "--key", signer]);
    expect({ status, stderr }).toMatchObject({ status: 0 });
    writeFileSync(file, stdout);
    return file;
  };
  const flags = (file: string, signer: string): readonly string[] => [
    "--witness",
    file,
    "--witness-key",
    `${signer}.pub`,
  ];

  /** One server for what does not change it. */
  let scene: ReturnType<typeof makeScene> | null = null;
  function makeScene() {
    const server = new PushServer(policyOf([mainRule]));
    const oid = received(server);
    const signer = key();
    return { server, oid, signer, good: readFileSync(exported(server, signer), "latin1") };
  }

  it("lets stand in a clone what the server had received before the theft, and nothing later or backdated (key-revoked)", () =>
    withServer(policyOf([mainRule]), (server) => {
      const oid = received(server);
      const signer = key();
      const witness = flags(exported(server, signer), signer);
      expect(verify(server, minutes(1), oid).text).toContain("key-revoked");
      expect(verify(server, minutes(1), oid, witness)).toMatchObject({ status: 0 });
      expect(verify(server, minutes(-30), oid, witness).text).toContain("key-revoked");
      const backdated = server.commit(alice, { parents: [oid], date: Math.floor(Date.now() / 1000) - 7200 });
      expect(verify(server, minutes(1), backdated, witness).text).toContain("key-revoked");
      const explained = run(server, "clone", [
        "explain",
        "--policy",
        join(server.clone.root, "stolen.json"),
        "--as",
        "refs/heads/main",
        ...witness,
        oid,
      ]);
      expect(explained.status).toBe(0);
    }));

  it("is taken from the clone's own configuration, both parts or neither", () =>
    withServer(policyOf([mainRule]), (server) => {
      const oid = received(server);
      const signer = key();
      const file = exported(server, signer);
      server.clone.config("signpolicy.witness", file);
      expect(verify(server, minutes(1), oid)).toMatchObject({ status: 2 });
      server.clone.config("signpolicy.witnessKey", `${signer}.pub`);
      expect(verify(server, minutes(1), oid)).toMatchObject({ status: 0 });
    }));

  it("does not count when another signed it, for another purpose, or nobody", () =>
    withServer(policyOf([mainRule]), (server) => {
      const oid = received(server);
      const [signer, other] = [key(), key()];
      const file = exported(server, signer);
      const refused = (why: string, flag = flags(file, signer)): void => {
        const result = verify(server, minutes(1), oid, flag);
        expect(result.status).toBe(3);
        expect(result.text).toContain(why);
      };
      refused("unknown-key", flags(file, other));
      const good = readFileSync(file, "latin1");
      const payload = Buffer.from(good.slice(0, good.indexOf("-----BEGIN")), "latin1");
      const pub = join(server.clone.root, "eve.pub");
      writeFileSync(pub, eve.key.line);
      writeFileSync(file, Buffer.concat([payload, sshSig(eve.key, payload, { namespace: "file" })]));
      refused("wrong-namespace", ["--witness", file, "--witness-key", pub]);
      writeFileSync(file, payload);
      refused("unsigned");
      writeFileSync(file, good);
      expect(verify(server, minutes(1), oid, flags(file, signer))).toMatchObject({ status: 0 });
    }));

  it.each<[string, (text: string) => string, string]>([
    [
      "a value was added",
      (text) => text.replace(/^until (.*)\n\n/m, (all, at: string) => `${all}${at} ${"1".repeat(40)}\n`),
      "bad-signature",
    ],
    ["a time was made earlier", (text) => text.replace(/^\d{4}(-\S+ [0-9a-f]{40})$/m, "2001$1"), "bad-signature"],
    ["a root was exchanged", (text) => text.replace(/^root .*$/m, `root ${"1".repeat(40)}`), "bad-signature"],
    ["a line was cut", (text) => text.replace(/^\S+ [0-9a-f]{40}\n/m, ""), "bad-signature"],
    ["text stands behind the signature", (text) => `${text}more\n`, "malformed"],
    ["the version is another", (text) => text.replace("witness 1", "witness 2"), "version 1"],
    ["it is none", () => "hello\n", "version 1"],
  ])("does not count when %s", (_, change, why) => {
    const { server, oid, signer, good } = (scene ??= makeScene());
    const file = join(server.clone.root, "changed.witness");
    writeFileSync(file, change(good), "latin1");
    const result = verify(server, minutes(1), oid, flags(file, signer));
    expect(result.status).toBe(3);
    expect(result.text).toContain(why);
  });

  it("does not count in another repository", () =>
    withServer(policyOf([mainRule]), async (server) => {
      received(server);
      const signer = key();
      const file = exported(server, signer);
      await withServer(policyOf([mainRule]), (other) => {
        const oid = other.commit(alice, { message: "another root" });
        const result = verify(other, minutes(1), oid, flags(file, signer));
        expect(result.status).toBe(3);
        expect(result.text).toContain("another repository");
      });
    }));

  it("shows, kept elsewhere, that the record was written anew since", () =>
    withServer(policyOf([mainRule]), (server) => {
      const oid = received(server);
      const file = exported(server, key());
      const next = server.commit(alice, { parents: [oid] });
      expect(server.push([`${next}:refs/heads/main`]).status).toBe(0);
      const against = (): PushResult => run(server, "server", ["record", "verify", "--against", file]);
      expect(against()).toMatchObject({ status: 0 });
      // A sound record, but not the one that was: whoever can write there can make it.
      expect(run(server, "server", ["record", "baseline", "--anew"]).status).toBe(0);
      expect(run(server, "server", ["record", "verify"]).status).toBe(0);
      const broken = against();
      expect(broken.status).toBe(1);
      expect(broken.text).toContain("written anew");
    }));

  it("runs no program that the repository's configuration names (attack 71)", () => {
    return withServer(policyOf([mainRule]), (server) => {
      received(server);
      const canary = join(server.server.root, "ran");
      const program = join(server.server.root, "program");
      writeFileSync(program, `#!/bin/sh\ntouch '${canary}'\nexit 1\n`, { mode: 0o755 });
      for (const name of ["gpg.ssh.program", "gpg.program", "gpg.openpgp.program", "gpg.ssh.defaultKeyCommand"]) {
        server.server.config(name, program);
      }
      expect(readFileSync(exported(server, key()), "latin1")).toContain("BEGIN SSH SIGNATURE");
      expect(existsSync(canary)).toBe(false);
      // What the caller himself has set is run.
      const home = server.server.root;
      writeFileSync(join(home, ".gitconfig"), `[gpg "ssh"]\n\tprogram = ${program}\n`);
      const env = { ...server.server.env, HOME: home, GIT_CONFIG_GLOBAL: undefined };
      const asked = spawnSync(process.execPath, [BIN, "record", "export", "--key", key()], {
        cwd: server.server.dir,
        env,
      });
      expect([asked.status === 0, existsSync(canary)]).toEqual([false, true]);
    });
  });

  it("is not made without a key that signs", () =>
    withServer(policyOf([mainRule]), (server) => {
      received(server);
      const result = run(server, "server", ["record", "export", "--key", "nobody@example.org"], {
        GNUPGHOME: server.server.root,
      });
      expect(result.status).toBe(2);
      expect(result.text).toContain("made no signature");
      expect(result.text).toContain("hint:");
    }));
});

describeWith(["gpg"], "an exported record under an OpenPGP signature", () => {
  it("counts as one under an SSH signature does (key-revoked without it)", () =>
    withGnupgHome((gpg) =>
      withServer(policyOf([mainRule]), (server) => {
        const oid = received(server);
        const fingerprint = gpg.generateKey("Keeper <keeper@example.org>");
        const file = join(server.clone.root, "app.witness");
        const argv = [BIN, "record", "export", "--key", fingerprint];
        const made = server.server.run(process.execPath, argv, { env: { GNUPGHOME: gpg.home } });
        expect(made.status).toBe(0);
        writeFileSync(file, made.stdout);
        writeFileSync(`${file}.asc`, gpg.exportKey(fingerprint));
        const witness = ["--witness", file, "--witness-key", `${file}.asc`];
        expect(verify(server, minutes(1), oid, witness)).toMatchObject({ status: 0 });
        expect(verify(server, minutes(-30), oid, witness).text).toContain("key-revoked");
      }),
    ));
});

describe("a record that holds nothing yet", () => {
  it("is not exported", () =>
    withServer(policyOf([mainRule]), (server) => {
      const result = run(server, "server", ["record", "export", "--key", "x"]);
      expect(result.status).toBe(1);
      expect(result.text).toContain("no receive record was begun");
    }));
});

/**
 * Attack: a push goes under another's name, or under a certificate that was made for another push: replayed, spliced, for
 * other refs, for another repository, by a key that is revoked or that nobody knows.
 * Stopped by: subject/push-certificate.ts, the one verifier, check/push-nonce.ts and check/push-certificate.ts. Nothing that
 * git says in the environment is proof: it says `G` of unknown and revoked SSH keys, and leaves the variables of an
 * unsigned push as whoever started git-receive-pack set them.
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
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
  withServer,
  type PushResult,
  type PushServer,
} from "../support/push-server.ts";
import {
  certificateEnv,
  certificateOf,
  nonceOf,
  receiveSigned,
  SEED,
  type CertificateParts,
  type Move,
} from "../support/signed-push.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";
import { sshSig } from "../support/ssh.ts";
import { describeWith } from "../support/tools.ts";

const ZERO = "0".repeat(40);
const signedRule = { ...mainRule, pushes: { signedBy: ["devs"] } };
const signedMain = policyOf([signedRule]);
const policyWith = (pushes: object): object => policyOf([{ ...mainRule, pushes }]);

/** A server that issues nonces. */
const withSigned = <T>(
  policy: object,
  body: (server: PushServer) => T | Promise<T>,
  algorithm?: "sha256",
): Promise<T> =>
  withServer(
    policy,
    (server) => {
      server.server.config("receive.certNonceSeed", SEED);
      server.server.config("receive.advertisePushOptions", "true");
      return body(server);
    },
    algorithm ?? "sha1",
  );

/** A commit that is in the server's object store and on no ref, and the move that would create main with it. */
function prepared(server: PushServer): Move {
  const oid = server.commit(alice);
  server.server.git(["fetch", "-q", server.clone.dir, `${oid}:refs/keep`], {});
  server.server.git(["update-ref", "-d", "refs/keep"]);
  return { ref: "refs/heads/main", old: ZERO, new: oid };
}

/** Runs the hook for `moves`, with a certificate of these parts. */
function received(
  server: PushServer,
  moves: readonly Move[],
  parts: Partial<CertificateParts> = {},
  who = alice,
): PushResult {
  return receiveSigned(server, moves, certificateOf(who, server, { moves, ...parts }));
}

const flat = ({ text }: PushResult): string => text.replace(/\s+(?:remote: )?(?:error|hint|warning):\s+/g, " ");

interface Entry {
  readonly kind: string;
  readonly certificate?: { oid: string; sha256: string; principal: string; key: string } | null;
}

const lastPush = (server: PushServer): Entry => {
  const lines = readFileSync(join(server.server.gitDir, "signpolicy", "record.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  const pushes = lines.map((line) => JSON.parse(line) as Entry).filter(({ kind }) => kind === "push");
  return pushes.at(-1) ?? { kind: "none" };
};

describe("a push certificate made for this push", () => {
  it("passes", () =>
    withSigned(signedMain, (server) => {
      expect(received(server, [prepared(server)])).toMatchObject({ status: 0 });
    }));

  it("is asked for (unsigned)", () =>
    withSigned(signedMain, (server) => {
      const result = server.push([`${server.commit(alice)}:refs/heads/main`]);
      expect(result.status).not.toBe(0);
      expect(result.text).toContain("unsigned");
      expect(result.text).toContain("git push --signed");
    }));

  it("is asked for nothing under a rule without `pushes`, whatever stands in the environment", () =>
    withSigned(policyOf([mainRule]), (server) => {
      const oid = server.commit(alice);
      const env = { GIT_PUSH_CERT: "junk", GIT_PUSH_CERT_STATUS: "B", GIT_PUSH_CERT_NONCE_STATUS: "BAD" };
      expect(server.push([`${oid}:refs/heads/main`], env).status).toBe(0);
      expect(lastPush(server).certificate).toBeNull();
    }));

  it("need not be there where the rule does not require it, but must stand where it is (unknown-key)", () =>
    withSigned(policyWith({ signedBy: ["devs"], required: false }), (server) => {
      const move = prepared(server);
      expect(server.push([`${move.new}:refs/heads/next`]).text).toContain("ref-unmatched");
      expect(received(server, [move], {}, eve).text).toContain("unknown-key");
      expect(server.push([`${move.new}:refs/heads/main`]).status).toBe(0);
    }));

  it("is only missed with a warning where the rule warns", () =>
    withSigned(policyWith({ signedBy: ["devs"], level: "warn" }), (server) => {
      const result = server.push([`${server.commit(alice)}:refs/heads/main`]);
      expect(result.status).toBe(0);
      expect(result.text).toContain("unsigned");
    }));
});

describe("a push certificate of a stranger, or of somebody else's key", () => {
  it("is of nobody whom the policy knows, though git says G (unknown-key)", () =>
    withSigned(signedMain, (server) => {
      expect(received(server, [prepared(server)], { pusher: "Alice <alice@example.org>" }, eve).text).toContain(
        "unknown-key",
      );
    }));

  it("is of one whom the rule does not take (signer-not-permitted)", () =>
    withSigned(policyWith({ signedBy: ["bob"] }), (server) => {
      const move = prepared(server);
      expect(received(server, [move]).text).toContain("signer-not-permitted");
      expect(received(server, [move], {}, bob).status).toBe(0);
    }));

  it.each([
    ["retired", { retired: "2024-01-01T00:00:00Z" }, "key-retired"],
    ["compromised", { compromised: true }, "key-revoked"],
    ["compromised since, whatever the record shows", { compromised: "2099-01-01T00:00:00Z" }, "key-revoked"],
    ["past its window", { until: "2024-01-01T00:00:00Z" }, "key-expired"],
  ])("is of a key that is %s, though git says G", (_, mark, code) => {
    const keys = [{ ssh: alice.key.line.trim(), ...mark }];
    const policy = policyOf([{ ...mainRule, commits: { signedBy: ["bob"] }, pushes: { signedBy: ["alice"] } }], {
      principals: { alice: principal(alice, { keys }), bob: principal(bob) },
    });
    return withSigned(policy, (server) => {
      expect(received(server, [prepared(server)]).text).toContain(code);
      // Dated back into the days when the key was good, it is no better.
      expect(received(server, [prepared(server)], { date: 1_600_000_000 }).text).toContain(code);
    });
  });

  it("was signed for something else than git (wrong-namespace)", () =>
    withSigned(signedMain, (server) => {
      expect(received(server, [prepared(server)], { namespace: "file" }).text).toContain("wrong-namespace");
    }));

  it("is dated ahead (signature-in-future)", () =>
    withSigned(signedMain, (server) => {
      const date = Math.floor(Date.now() / 1000) + 3600;
      expect(received(server, [prepared(server)], { date }).text).toContain("signature-in-future");
    }));
});

describe("a push certificate that was tampered with", () => {
  const tampered = (
    name: string,
    change: (certificate: Buffer, server: PushServer, move: Move) => Buffer,
    code: string,
  ): void =>
    it(`${name} (${code})`, () =>
      withSigned(signedMain, (server) => {
        const move = prepared(server);
        const certificate = certificateOf(alice, server, { moves: [move] });
        const result = receiveSigned(server, [move], change(certificate, server, move));
        expect(result.status).toBe(1);
        expect(result.text).toContain(code);
      }));

  const text = (certificate: Buffer): string => certificate.toString("latin1");
  const armorOf = (certificate: Buffer): string => text(certificate).slice(text(certificate).indexOf("-----BEGIN"));

  tampered(
    "names another pusher than was signed",
    (own) => Buffer.from(text(own).replace("pusher alice", "pusher bobby")),
    "bad-signature",
  );
  tampered(
    "carries the signature of another certificate",
    (own, server, move) => {
      const other = certificateOf(alice, server, { moves: [{ ...move, ref: "refs/heads/wip" }] });
      return Buffer.from(text(own).replace(armorOf(own), armorOf(other)));
    },
    "bad-signature",
  );
  tampered(
    "holds two signatures, each over all that stands above it",
    (own) => Buffer.concat([own, sshSig(bob.key, own)]),
    "malformed",
  );
  tampered(
    "has more refs below its signature",
    (own, _, move) => Buffer.from(`${text(own)}${ZERO} ${move.new} refs/heads/more\n`),
    "malformed",
  );
  tampered("carries no signature", (own) => Buffer.from(text(own).replace(armorOf(own), "")), "unsigned");
  tampered("is no certificate", () => Buffer.from("hello\n"), "malformed");
  tampered(
    "names a ref twice",
    (_, server, move) => certificateOf(alice, server, { moves: [move, { ...move, old: move.new }] }),
    "malformed",
  );
});

describe("a push certificate for another push", () => {
  const other = (name: string, parts: (server: PushServer, move: Move) => Partial<CertificateParts>): void =>
    it(`${name} (bad-input)`, () =>
      withSigned(signedMain, (server) => {
        const move = prepared(server);
        const refused = received(server, [move], parts(server, move));
        expect(refused.status).toBe(1);
        expect(refused.text).toContain("bad-input");
        expect(flat(refused)).toContain("not for these refs");
        expect(received(server, [move]).status).toBe(0);
      }));

  other("names another ref", (_, move) => ({ moves: [{ ...move, ref: "refs/heads/other" }] }));
  other("names another new value", (server, move) => ({ moves: [{ ...move, new: server.commit(alice) }] }));
  other("names another old value", (_, move) => ({ moves: [{ ...move, old: "1".repeat(40) }] }));
  other("names one ref more", (_, move) => ({ moves: [move, { ...move, ref: "refs/heads/more" }] }));

  it("names one ref less: an unsigned ref rides along (bad-input)", () =>
    withSigned(policyOf([signedRule], { unmatched: "allow" }), (server) => {
      const move = prepared(server);
      const rider = { ...move, ref: "refs/heads/rider" };
      const refused = receiveSigned(server, [move, rider], certificateOf(alice, server, { moves: [move] }));
      expect(flat(refused)).toContain("not for these refs");
      expect(received(server, [move, rider]).status).toBe(0);
    }));

  it("was pushed to another repository, which has a seed of its own (bad-input)", () =>
    withSigned(signedMain, (server) => {
      const move = prepared(server);
      const nonce = nonceOf("/srv/git/other.git");
      expect(flat(received(server, [move], { nonce, pushee: "/srv/git/other.git" }))).toContain(
        "was not issued by this repository",
      );
      const seed = nonceOf(server.server.dir, { seed: "another seed" });
      expect(flat(received(server, [move], { nonce: seed }))).toContain("was not issued by this repository");
    }));

  it("answers an old nonce, that of a push which was refused then (bad-input)", () =>
    withSigned(signedMain, (server) => {
      const at = Math.floor(Date.now() / 1000) - 7 * 3600;
      const nonce = nonceOf(server.server.dir, { at });
      expect(flat(received(server, [prepared(server)], { nonce, date: at }))).toContain("old nonce");
    }));

  it("answers no nonce, or one that git itself does not take (bad-input)", () =>
    withSigned(signedMain, (server) => {
      const move = prepared(server);
      expect(received(server, [move], { nonce: null }).text).toContain("bad-input");
      const certificate = certificateOf(alice, server, { moves: [move] });
      for (const status of ["BAD", "SLOP", "MISSING", "UNSOLICITED", ""]) {
        const result = receiveSigned(server, [move], certificate, { GIT_PUSH_CERT_NONCE_STATUS: status });
        expect(result.text).toContain("bad-input");
      }
      expect(receiveSigned(server, [move], certificate, { GIT_PUSH_CERT_NONCE: nonceOf("x") }).text).toContain(
        "bad-input",
      );
    }));

  it("cannot be told from an old one where the repository issues no nonce, and the hint sets that up (bad-input)", () =>
    withServer(signedMain, (server) => {
      const result = received(server, [prepared(server)]);
      expect(result.text).toContain("bad-input");
      expect(flat(result)).toContain("config receive.certNonceSeed");
    }));

  it("landed before: the ref was taken back, and the same certificate comes again (bad-input)", () =>
    withSigned(signedMain, (server) => {
      const move = prepared(server);
      const certificate = certificateOf(alice, server, { moves: [move] });
      expect(receiveSigned(server, [move], certificate).status).toBe(0);
      server.server.updateRef(move.ref, move.new);
      server.callHook("post-receive", `${move.old} ${move.new} ${move.ref}\n`, certificateEnv(server, certificate));
      expect(lastPush(server).certificate).toMatchObject({
        principal: "alice",
        key: expect.stringContaining("SHA256:") as unknown,
      });
      server.server.git(["update-ref", "-d", move.ref]);
      expect(flat(receiveSigned(server, [move], certificate))).toContain("has landed before");
      // The same words under another signature are the same certificate.
      const payload = certificate.subarray(0, certificate.indexOf("-----BEGIN"));
      const rewritten = Buffer.concat([payload, sshSig(alice.key, payload, { hash: "sha256" })]);
      expect(flat(receiveSigned(server, [move], rewritten))).toContain("has landed before");
      expect(received(server, [move], { date: Math.floor(Date.now() / 1000) - 1 }).status).toBe(0);
    }));

  it("is another's of the same hour, named in the environment of an unsigned push (bad-input)", () =>
    withSigned(policyOf([signedRule], { unmatched: "allow" }), (server) => {
      const move = prepared(server);
      const overheard = certificateOf(alice, server, { moves: [{ ...move, ref: "refs/heads/wip" }] });
      const result = server.push([`${move.new}:refs/heads/main`], certificateEnv(server, overheard));
      expect(result.status).not.toBe(0);
      expect(flat(result)).toContain("not for these refs");
      expect(server.value("refs/heads/main")).toBeNull();
    }));

  it("is named by the environment alone, and is no object, or not there (bad-input, missing-object)", () =>
    withSigned(signedMain, (server) => {
      const oid = server.commit(alice);
      const spoof = (named: string): string => server.push([`${oid}:refs/heads/main`], { GIT_PUSH_CERT: named }).text;
      expect(spoof("HEAD")).toContain("bad-input");
      expect(spoof("1".repeat(40))).toContain("missing-object");
      expect(spoof(oid)).toContain("malformed");
    }));

  it("has other options than the push (bad-input)", () =>
    withSigned(signedMain, (server) => {
      const move = prepared(server);
      const options = { GIT_PUSH_OPTION_COUNT: "1", GIT_PUSH_OPTION_0: "ci.skip" };
      const certificate = certificateOf(alice, server, { moves: [move] });
      expect(flat(receiveSigned(server, [move], certificate, options))).toContain("options of this push");
      const own = certificateOf(alice, server, { moves: [move], options: ["ci.skip"] });
      expect(receiveSigned(server, [move], own, options).status).toBe(0);
    }));
});

describeWith(["ssh-keygen"], "git push --signed with an SSH key", () => {
  const keygen = new SshKeygen();
  const line = { own: "", stranger: "" };
  const signedWith = (
    server: PushServer,
    key: string,
    refspecs: readonly string[],
    options: readonly string[] = [],
  ): PushResult => {
    // An allowed_signers file makes git say G of whoever signs.
    const signers = join(server.server.root, "signers");
    writeFileSync(signers, `* ${line.own}`);
    server.server.config("gpg.ssh.allowedSignersFile", signers);
    const config = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${keygen.path(key)}`];
    const argv = [...config, "push", "--no-verify", "--signed", ...options, `file://${server.server.dir}`, ...refspecs];
    const { status, stdout, stderr } = server.clone.run("git", argv);
    return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
  };
  const policy = (mark: object = {}): object =>
    policyOf([{ ...signedRule, pushes: { signedBy: ["carol"] } }], {
      principals: {
        alice: principal(alice),
        bob: principal(bob),
        carol: { emails: ["carol@example.org"], keys: [{ ssh: line.own.trim(), ...mark }] },
      },
    });

  it.each(["sha1", "sha256"] as const)("passes, and the record keeps the certificate (%s)", (algorithm) => {
    line.own = keygen.make(`own-${algorithm}`, "ed25519");
    return withServer(
      policy(),
      (server) => {
        server.server.config("receive.certNonceSeed", SEED);
        const first = server.commit(alice);
        expect(signedWith(server, `own-${algorithm}`, [`${first}:refs/heads/main`])).toMatchObject({ status: 0 });
        const next = server.commit(alice, { parents: [first] });
        expect(signedWith(server, `own-${algorithm}`, [`${next}:refs/heads/main`])).toMatchObject({ status: 0 });
        const { certificate } = lastPush(server);
        expect(certificate).toMatchObject({ principal: "carol" });
        const kept = readFileSync(join(server.server.gitDir, "signpolicy", "certificates", certificate?.sha256 ?? ""));
        expect(createHash("sha256").update(kept).digest("hex")).toBe(certificate?.sha256);
        expect(kept.toString("latin1")).toContain(`${first} ${next} refs/heads/main\n`);
        const verified = server.server.run(process.execPath, [BIN, "record", "verify"]);
        expect(verified.stdout.toString()).toContain("the record is sound");
      },
      algorithm,
    );
  });

  it("is refused for a key that nobody knows and for one that is marked, of which git says G (unknown-key, key-revoked)", () => {
    line.own = keygen.make("own", "ed25519");
    line.stranger = keygen.make("stranger", "ed25519");
    return withSigned(policy({ compromised: true }), (server) => {
      const oid = server.commit(alice);
      expect(signedWith(server, "stranger", [`${oid}:refs/heads/main`]).text).toContain("unknown-key");
      expect(signedWith(server, "own", [`${oid}:refs/heads/main`]).text).toContain("key-revoked");
      server.setPolicy(policy());
      expect(signedWith(server, "own", [`${oid}:refs/heads/main`], ["-o", "ci.skip", "-o", "a b=c"])).toMatchObject({
        status: 0,
      });
    });
  });

  it("covers the deletion of a ref", () => {
    line.own = keygen.make("deleter", "ed25519");
    return withSigned(policy(), (server) => {
      server.server.config("receive.denyDeleteCurrent", "ignore");
      const oid = server.commit(alice);
      expect(signedWith(server, "deleter", [`${oid}:refs/heads/main`])).toMatchObject({ status: 0 });
      expect(signedWith(server, "deleter", [":refs/heads/main"])).toMatchObject({ status: 0 });
      expect(lastPush(server).certificate).toMatchObject({ principal: "carol" });
    });
  });
});

describeWith(["gpg"], "git push --signed with an OpenPGP key", () => {
  it("passes for the rule's own, and is refused for another's (signer-not-permitted, unknown-key)", () =>
    withGnupgHome((gpg) => {
      const carol = gpg.generateKey("Carol <carol@example.org>");
      const mallory = gpg.generateKey("Mallory <mallory@example.org>");
      const principals = {
        alice: principal(alice),
        bob: principal(bob),
        carol: { emails: ["carol@example.org"], keys: [{ openpgp: gpg.exportKey(carol).toString() }] },
      };
      const signed = (server: PushServer, key: string, oid: string): PushResult => {
        const argv = ["-c", `user.signingkey=${key}`, "push", "--no-verify", "--signed", `file://${server.server.dir}`];
        const { status, stdout, stderr } = server.clone.run("git", [...argv, `${oid}:refs/heads/main`], {
          env: { GNUPGHOME: gpg.home },
        });
        return { status: status ?? -1, text: `${stdout.toString("latin1")}${stderr}` };
      };
      const rules = (who: string): readonly object[] => [{ ...mainRule, pushes: { signedBy: [who] } }];
      return withSigned(policyOf(rules("alice"), { principals }), (server) => {
        const oid = server.commit(alice);
        expect(signed(server, carol, oid).text).toContain("signer-not-permitted");
        expect(signed(server, mallory, oid).text).toContain("unknown-key");
        server.setPolicy(policyOf(rules("carol"), { principals }));
        expect(signed(server, carol, oid)).toMatchObject({ status: 0 });
        expect(lastPush(server).certificate).toMatchObject({ principal: "carol" });
      });
    }));
});

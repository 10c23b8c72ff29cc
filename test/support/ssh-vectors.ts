/**
 * The recipe of test/vectors/ssh. The keys are thrown away, so writing again gives other bytes with the same verdicts:
 *
 *     WRITE_VECTORS=ssh npm run -s test:unit -- test/vectors/ssh.test.ts
 */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { AlgorithmPolicy, Bytes } from "../../src/model.ts";
import type { SigningTimes } from "../../src/signature/times.ts";
import { SshKeygen } from "./ssh-keygen.ts";
import {
  NOW,
  TIMES,
  addOrder,
  certify,
  ecdsaKey,
  ed25519Key,
  rsaKey,
  skEcdsaKey,
  skEd25519Key,
  sshSig,
  strings,
  text,
} from "./ssh.ts";
import type { SshSigOptions, TestKey } from "./ssh.ts";

/** An entry of the policy, with the key as its line. */
export interface VectorEntry {
  readonly kind: "ssh" | "sshCa";
  readonly key: string;
  readonly principal: string;
  readonly window?: object;
  readonly namespaces?: readonly string[];
  readonly principals?: readonly string[];
}

export interface VectorCase {
  readonly name: string;
  /** `verified PRINCIPAL [lapsed CODE]`, `refuted CODE` or `undecided CODE`. */
  readonly expect: string;
  readonly comment: string;
  readonly source: string;
  readonly signature: Bytes;
  readonly entries: readonly VectorEntry[];
  readonly times?: Partial<SigningTimes>;
  readonly algorithms?: Partial<AlgorithmPolicy>;
  readonly payload?: Bytes;
}

export const VECTOR_KEYS = ["entry", "times", "algorithms", "payload"] as const;

export const VECTOR_PAYLOAD = text(
  "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n" +
    "author Alice Example <alice@example.org> 1789999940 +0000\n" +
    "committer Alice Example <alice@example.org> 1789999940 +0000\n\ncaf\xe9 \0 bytes\n",
);

const RECIPE = "test/support/ssh-vectors.ts";
const MAIL = "alice@example.org";

const listed = (key: TestKey, more: Partial<VectorEntry> = {}): VectorEntry => {
  return { kind: "ssh", key: key.line, principal: "alice", ...more };
};
const authority = (key: TestKey, more: Partial<VectorEntry> = {}): VectorEntry => {
  return { kind: "sshCa", key: key.line, principal: "alice", principals: [MAIL], ...more };
};

type Made = Omit<VectorCase, "source">;

function plain(): Made[] {
  const keys = {
    ed25519: ed25519Key(),
    "ecdsa-p256": ecdsaKey("nistp256"),
    "ecdsa-p384": ecdsaKey("nistp384"),
    "ecdsa-p521": ecdsaKey("nistp521"),
    rsa: rsaKey(),
    "sk-ed25519": skEd25519Key(),
    "sk-ecdsa-p256": skEcdsaKey(),
  };
  const ca = ed25519Key();
  return Object.entries(keys).flatMap(([name, key]) => [
    {
      name: `${name}-good`,
      expect: "verified alice",
      comment: `${name} over the payload`,
      signature: sshSig(key, VECTOR_PAYLOAD),
      entries: [listed(key)],
    },
    {
      name: `${name}-changed-payload`,
      expect: "refuted bad-signature",
      comment: `${name} over another payload`,
      signature: sshSig(key, text("another")),
      entries: [listed(key)],
    },
    {
      name: `${name}-certificate`,
      expect: "verified alice",
      comment: `a certificate for a key of type ${name}`,
      signature: sshSig(key, VECTOR_PAYLOAD, { publicKey: certify(ca, key) }),
      entries: [authority(ca)],
    },
    {
      name: `${name}-authority`,
      expect: "verified alice",
      comment: `a certificate that a CA of type ${name} issued`,
      signature: sshSig(ca, VECTOR_PAYLOAD, { publicKey: certify(key, ca) }),
      entries: [authority(key)],
    },
  ]);
}

function broken(): Made[] {
  const key = ed25519Key();
  const p256 = ecdsaKey("nistp256");
  const rsa = rsaKey();
  const short = rsaKey(1024);
  const sk = skEd25519Key();
  const one = (name: string, expect: string, comment: string, by: TestKey, options: SshSigOptions): Made => {
    return { name, expect, comment, signature: sshSig(by, VECTOR_PAYLOAD, options), entries: [listed(by)] };
  };
  const zero = (raw: Buffer): Buffer => raw.fill(0);
  const dsa = concatBytes(strings("ssh-dss"), strings("p", "q", "g", "y"));
  return [
    one("namespace-file", "refuted wrong-namespace", "signed with -n file", key, { namespace: "file" }),
    one("namespace-nul", "refuted wrong-namespace", "git and a NUL", key, { namespace: "git\0" }),
    one("namespace-empty", "refuted wrong-namespace", "no namespace", key, { namespace: "" }),
    one("namespace-lies", "refuted bad-signature", "says git, signed for file", key, { signedNamespace: "file" }),
    one("reserved-filled", "refuted malformed", "OpenSSH ignores this field", key, {
      reserved: "x",
      signedReserved: "",
    }),
    one("trailing-byte", "refuted malformed", "a byte behind the container", key, { trailing: Uint8Array.of(0) }),
    one("version-2", "undecided unsupported", "a version that does not exist yet", key, { version: 2 }),
    one("hash-sha1", "refuted weak-algorithm", "message hashed with SHA-1", key, { hash: "sha1" }),
    one("hash-sha384", "refuted malformed", "no hash of PROTOCOL.sshsig", key, { hash: "sha384" }),
    one("hash-lies", "refuted bad-signature", "says sha256, signed sha512", key, {
      hash: "sha256",
      signedHash: "sha512",
    }),
    one("rsa-sha1", "refuted weak-algorithm", "an ssh-rsa signature", rsa, { format: "ssh-rsa" }),
    one("rsa-1024", "refuted weak-algorithm", "an RSA key of 1024 bits", short, {}),
    one("dsa-key", "refuted weak-algorithm", "a DSA key", key, { publicKey: dsa }),
    one("unknown-type", "undecided unsupported", "a key type nobody knows", key, {
      publicKey: strings("ssh-ed448", "x"),
    }),
    one("ecdsa-zero", "refuted bad-signature", "r = s = 0 (CVE-2022-21449)", p256, { forge: zero }),
    one("ed25519-s-plus-l", "refuted bad-signature", "S + L, as OpenSSH 9.2 accepts", key, { forge: addOrder }),
    one("format-of-another-key", "refuted malformed", "ed448 for an Ed25519 key", key, { format: "ssh-ed448" }),
    one("sk-untouched", "refuted user-presence-missing", "flags 0", sk, { flags: 0 }),
    one("sk-verified", "verified alice", "flags 5: present and verified", sk, { flags: 5 }),
  ];
}

function standing(): Made[] {
  const key = ed25519Key();
  const signature = sshSig(key, VECTOR_PAYLOAD);
  const one = (name: string, expect: string, comment: string, window: object, times = {}): Made => {
    return { name, expect, comment, signature, entries: [listed(key, { window })], times };
  };
  return [
    one("window-before", "refuted key-not-yet-valid", "dated before from", { from: NOW - 59 }),
    one("window-after", "refuted key-expired", "dated at until", { until: NOW - 60 }),
    one("window-passed", "verified alice lapsed key-expired", "the window passed since", { until: NOW - 59 }),
    one("retired-before", "refuted key-retired", "dated at retirement", { retired: NOW - 60 }),
    one("retired-since", "verified alice lapsed key-retired", "retired since", { retired: NOW }),
    one("compromised", "refuted key-revoked", "nothing stands", { compromised: true }),
    one("compromised-late", "verified alice", "received before", { compromised: NOW }, { receivedAt: NOW - 1 }),
    one("future", "refuted signature-in-future", "six minutes ahead", {}, { claimed: NOW + 360 }),
    one("dateless", "refuted malformed", "a tag without a tagger", {}, { claimed: null }),
    { ...one("unknown-key", "undecided unknown-key", "nobody lists it", {}), entries: [listed(ed25519Key())] },
    {
      ...one("shared-key", "refuted key-invalid", "two principals list it", {}),
      entries: [listed(key), listed(key, { principal: "bob" })],
    },
    {
      ...one("entry-for-files", "refuted wrong-namespace", "listed for file alone", {}),
      entries: [listed(key, { namespaces: ["file"] })],
    },
    {
      ...one("hash-forbidden", "refuted weak-algorithm", "the policy wants sha256", {}),
      algorithms: { hashes: ["sha256"] },
    },
  ];
}

function certificates(): Made[] {
  const ca = ed25519Key();
  const key = ed25519Key();
  const one = (name: string, expect: string, comment: string, options: Parameters<typeof certify>[2]): Made => {
    const publicKey = certify(ca, key, options);
    return { name, expect, comment, signature: sshSig(key, VECTOR_PAYLOAD, { publicKey }), entries: [authority(ca)] };
  };
  const then = BigInt(NOW - 60);
  const forged = certify(ed25519Key(), key, { authority: ca.blob });
  return [
    one("cert-host", "refuted cert-invalid", "a host certificate", { role: 2 }),
    one("cert-nobody", "refuted cert-invalid", "no principals (CVE-2024-7594)", { principals: [] }),
    one("cert-bob", "refuted cert-invalid", "for another name", { principals: ["bob@example.org"] }),
    one("cert-expired", "refuted cert-invalid", "dated at valid_before", { validBefore: then }),
    one("cert-early", "refuted cert-invalid", "dated before valid_after", { validAfter: then + 1n }),
    one("cert-lapsed", "verified alice lapsed cert-invalid", "expired since", { validBefore: then + 1n }),
    one("cert-option", "refuted cert-invalid", "force-command", { criticalOptions: [["force-command", strings("x")]] }),
    {
      ...one("cert-forged", "refuted cert-invalid", "another key signed it", {}),
      signature: sshSig(key, VECTOR_PAYLOAD, { publicKey: forged }),
    },
    { ...one("cert-for-plain", "undecided unknown-key", "only its plain key is listed", {}), entries: [listed(key)] },
    {
      ...one("ca-signs", "undecided unknown-key", "a CA's own plain signature", {}),
      signature: sshSig(ca, VECTOR_PAYLOAD),
    },
    {
      ...one("cert-nested", "refuted malformed", "issued by a certificate", {}),
      signature: sshSig(key, VECTOR_PAYLOAD, {
        publicKey: certify(ca, key, { authority: certify(ca, ca) }),
      }),
    },
  ];
}

function byKeygen(): VectorCase[] {
  const keygen = new SshKeygen();
  try {
    const made = ([["ed25519"], ["ecdsa", 256], ["ecdsa", 384], ["ecdsa", 521], ["rsa", 2048]] as const).map(
      ([type, bits]): VectorCase => {
        const name = `openssh-${type}${bits === undefined ? "" : `-${bits.toString()}`}`;
        const key = keygen.make(name, type, bits).trim();
        const signature = keygen.sign(name, VECTOR_PAYLOAD);
        const entries: VectorEntry[] = [{ kind: "ssh", key, principal: "alice" }];
        const comment = "as OpenSSH signs";
        return { name, expect: "verified alice", comment, source: "ssh-keygen 9.2p1 -Y sign", signature, entries };
      },
    );
    const key = keygen.make("ca", "ed25519").trim();
    keygen.make("leaf", "ed25519");
    keygen.certify("ca", "leaf");
    const entries: VectorEntry[] = [{ kind: "sshCa", key, principal: "alice", principals: [MAIL] }];
    const signature = keygen.sign("leaf-cert.pub", VECTOR_PAYLOAD);
    const source = "ssh-keygen 9.2p1 -s, -Y sign";
    const comment = "as OpenSSH certifies";
    return [...made, { name: "openssh-certificate", expect: "verified alice", comment, source, signature, entries }];
  } finally {
    keygen.dispose();
  }
}

function render(vector: VectorCase): Bytes {
  const { expect, source, comment, entries, times, algorithms, payload = VECTOR_PAYLOAD, signature } = vector;
  const head = [
    `expect: ${expect}`,
    `source: ${source}`,
    `comment: ${comment}`,
    ...entries.map((entry) => `entry: ${JSON.stringify(entry)}`),
    `times: ${JSON.stringify({ ...TIMES, ...times })}`,
    ...(algorithms === undefined ? [] : [`algorithms: ${JSON.stringify(algorithms)}`]),
    `payload: ${Buffer.from(payload).toString("base64")}`,
  ];
  return concatBytes(text(`${head.join("\n")}\n\n`), signature);
}

export function writeSshVectors(folder: string): void {
  const made = [...plain(), ...broken(), ...standing(), ...certificates()];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const vector of [...made.map((one) => ({ ...one, source: RECIPE })), ...byKeygen()]) {
    writeFileSync(join(folder, `${vector.name}.txt`), render(vector));
  }
}

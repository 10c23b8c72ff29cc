/**
 * Writes test/vectors/objects anew: commits, tags and push certificates that git made with gpg and with ssh-keygen, whole,
 * as they are stored. A FIDO key is software here, behind an agent of our own, so that ssh-keygen makes the signature.
 *
 *     WRITE_VECTORS=objects npm run -s test:unit -- --testPathPatterns vectors/objects
 */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { concatBytes } from "../../src/encoding/bytes.ts";
import type { Bytes, HashAlgorithm } from "../../src/model.ts";
import { withGnupgHome } from "./gpg.ts";
import { MADE, SIGNED } from "./openpgp.ts";
import { Repo } from "./repo.ts";
import { skEd25519Key, strings, uint32 } from "./ssh.ts";
import type { TestKey } from "./ssh.ts";
import { SshKeygen } from "./ssh-keygen.ts";

/** `signer`: `openpgp` and a binary certificate in base64, or `ssh` or `sshCa` and the line of a .pub file. */
export const VECTOR_KEYS = ["kind", "algorithm", "signer"] as const;

export type ObjectVectorKind = "commit" | "tag" | "push";

interface Signer {
  readonly name: string;
  readonly signer: string;
  readonly config: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

const WHEN = `${String(SIGNED)} +0000`;

/** Waits without blocking, for an agent may have to answer meanwhile. */
const run = promisify(execFile);

class Scene {
  readonly #folder: string;
  readonly #signer: Signer;
  readonly #repo: Repo;
  readonly #source: string;

  constructor(folder: string, signer: Signer, algorithm: HashAlgorithm, source: string) {
    this.#folder = folder;
    this.#signer = signer;
    this.#source = source;
    this.#repo = new Repo({ algorithm });
    for (const [name, value] of Object.entries(signer.config)) this.#repo.config(name, value);
  }

  async git(...args: readonly string[]): Promise<string> {
    const env = { ...this.#repo.env, GIT_AUTHOR_DATE: WHEN, GIT_COMMITTER_DATE: WHEN, ...this.#signer.env };
    return (await run("git", args, { cwd: this.#repo.dir, env })).stdout.trim();
  }

  keep(kind: ObjectVectorKind, name: string, comment: string, raw: Bytes): void {
    const { algorithm } = this.#repo;
    const head = [
      "expect: verified alice",
      `source: ${this.#source}`,
      `comment: ${comment}`,
      `kind: ${kind}`,
      `algorithm: ${algorithm}`,
      `signer: ${this.#signer.signer}`,
    ];
    const file = `${this.#signer.name}-${name}${algorithm === "sha1" ? "" : "-sha256"}.txt`;
    writeFileSync(join(this.#folder, file), concatBytes(Buffer.from(`${head.join("\n")}\n\n`), raw));
  }

  keepObject(kind: "commit" | "tag", name: string, comment: string, revision: string): void {
    this.keep(kind, name, comment, this.#repo.raw(kind, revision));
  }

  /** A signed push to a server that keeps the certificate. */
  async keepPush(): Promise<void> {
    const server = new Repo({ bare: true, algorithm: this.#repo.algorithm });
    const hook = join(server.gitDir, "hooks", "pre-receive");
    mkdirSync(join(server.gitDir, "hooks"));
    writeFileSync(hook, '#!/bin/sh\ngit cat-file blob "$GIT_PUSH_CERT" >certificate\n');
    chmodSync(hook, 0o755);
    server.config("receive.certNonceSeed", "seed");
    server.config("receive.advertisePushOptions", "true");
    await this.git("push", "--signed", "-o", "an option", server.dir, "HEAD:refs/heads/main", "v1:refs/tags/v1");
    this.keep("push", "push", "git push --signed", readFileSync(join(server.gitDir, "certificate")));
    server.remove();
  }

  remove(): void {
    this.#repo.remove();
  }
}

async function write(folder: string, signer: Signer, algorithm: HashAlgorithm, source: string): Promise<void> {
  const scene = new Scene(folder, signer, algorithm, source);
  try {
    await scene.git("commit", "-S", "--allow-empty", "-m", "First");
    await scene.git("commit", "-S", "--allow-empty", "-m", "Second\n\nWith a body\n");
    scene.keepObject("commit", "commit", "git commit -S", "HEAD");
    await scene.git("tag", "-s", "-m", "Release 1", "v1");
    scene.keepObject("tag", "tag", "git tag -s", "v1");
    if (algorithm === "sha256") return;
    await scene.keepPush();
    if (!signer.name.endsWith("ed25519")) return;
    await scene.git("checkout", "-q", "-b", "side", "HEAD^");
    await scene.git("commit", "-S", "--allow-empty", "-m", "Side");
    await scene.git("merge", "-S", "-q", "--no-ff", "-m", "Merge v1", "v1");
    scene.keepObject("commit", "merge", "git merge -S of a signed tag, which stays inside", "HEAD");
  } finally {
    scene.remove();
  }
}

export async function writeObjectVectors(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await withGnupgHome(async (gpg) => {
    const program = join(gpg.home, "gpg-then");
    writeFileSync(program, `#!/bin/sh\nexec gpg --faked-system-time ${String(SIGNED)}! "$@"\n`, { mode: 0o755 });
    for (const algorithm of ["ed25519", "rsa3072"]) {
      const user = "Alice Example <alice@example.org>";
      gpg.run(["--quick-generate-key", `${algorithm} ${user}`, algorithm, "sign", "0"], "", MADE);
      const fingerprint = gpg.fingerprints(algorithm)[0] ?? "";
      const signer = {
        name: `gpg-${algorithm}`,
        signer: `openpgp ${encodeBase64(gpg.run(["--export", fingerprint]))}`,
        config: { "user.signingKey": fingerprint, "gpg.program": program },
        env: { GNUPGHOME: gpg.home },
      };
      const [source = ""] = gpg.run(["--version"]).toString().split("\n");
      await write(folder, signer, "sha1", source);
      if (algorithm === "ed25519") await write(folder, signer, "sha256", source);
    }
  });
  const keygen = new SshKeygen();
  const sk = skEd25519Key("ssh:", Buffer.alloc(32, "a FIDO key"));
  const agent = await startAgent(keygen.path("agent"), sk);
  try {
    const source = "OpenSSH 9.2p1";
    for (const signer of sshSigners(keygen, sk)) {
      await write(folder, signer, "sha1", source);
      if (signer.name === "ssh-ed25519") await write(folder, signer, "sha256", source);
    }
  } finally {
    agent.close();
    keygen.dispose();
  }
}

function sshSigners(keygen: SshKeygen, sk: TestKey): readonly Signer[] {
  const config = (file: string) => ({ "gpg.format": "ssh", "user.signingKey": keygen.path(file) });
  const plain = (["ed25519", "ecdsa", "rsa"] as const).map((type): Signer => {
    const line = keygen.make(type, type, type === "rsa" ? 3072 : undefined).trim();
    return { name: `ssh-${type}`, signer: `ssh ${line}`, config: config(type) };
  });
  const ca = keygen.make("ca", "ed25519").trim();
  keygen.make("leaf", "ed25519");
  keygen.certify("ca", "leaf");
  keygen.write("sk.pub", `${sk.line}\n`);
  return [
    ...plain,
    { name: "ssh-certificate", signer: `sshCa ${ca}`, config: config("leaf-cert.pub") },
    {
      name: "ssh-sk",
      signer: `ssh ${sk.line}`,
      config: config("sk.pub"),
      env: { SSH_AUTH_SOCK: keygen.path("agent") },
    },
  ];
}

/** An agent with one key (draft-ietf-sshm-ssh-agent): it lists it and signs with it. */
async function startAgent(path: string, key: TestKey): Promise<Server> {
  const server = createServer((socket) => {
    let input = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      input = Buffer.concat([input, chunk]);
      while (input.length >= 4 && input.length >= 4 + input.readUInt32BE()) {
        const request = input.subarray(4, 4 + input.readUInt32BE());
        input = input.subarray(4 + request.length);
        const answer = answerOf(request, key);
        socket.write(concatBytes(uint32(answer.length), answer));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}

function answerOf(request: Buffer, key: TestKey): Bytes {
  const [LIST, LISTED, SIGN, SIGNED_ANSWER, FAILURE] = [11, 12, 13, 14, 5];
  if (request[0] === LIST) return concatBytes(Uint8Array.of(LISTED), uint32(1), strings(key.blob, "sk"));
  if (request[0] !== SIGN) return Uint8Array.of(FAILURE);
  const data = 5 + request.readUInt32BE(1);
  const message = request.subarray(data + 4, data + 4 + request.readUInt32BE(data));
  return concatBytes(Uint8Array.of(SIGNED_ANSWER), strings(key.sign(message)));
}

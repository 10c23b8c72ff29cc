/** Push certificates put together line by line, with nonces as git-receive-pack issues them. */
import { createHmac } from "node:crypto";
import type { ObjectId } from "../../src/model.ts";
import type { Person, PushResult, PushServer } from "./push-server.ts";
import { sshSig } from "./ssh.ts";

export const SEED = "a seed that nobody guesses";

const clock = (): number => Math.floor(Date.now() / 1000);

/** receive-pack.c, `prepare_push_cert_nonce`, for a server that was asked for by this path. */
export function nonceOf(path: string, { at = clock(), seed = SEED, hash = "sha1" } = {}): string {
  return `${String(at)}-${createHmac(hash, `${path}:${String(at)}`)
    .update(seed)
    .digest("hex")}`;
}

export interface Move {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
}

export interface CertificateParts {
  readonly pusher?: string;
  readonly date?: number;
  readonly pushee?: string | null;
  readonly nonce?: string | null;
  readonly options?: readonly string[];
  readonly moves: readonly Move[];
  readonly namespace?: string;
}

export function certificatePayload(server: PushServer, parts: CertificateParts): string {
  const { pusher = "alice", date = clock(), pushee = server.server.dir, options = [] } = parts;
  const nonce = parts.nonce === undefined ? nonceOf(server.server.dir) : parts.nonce;
  return [
    "certificate version 0.1",
    `pusher ${pusher} ${String(date)} +0000`,
    ...(pushee === null ? [] : [`pushee ${pushee}`]),
    ...(nonce === null ? [] : [`nonce ${nonce}`]),
    ...options.map((option) => `push-option ${option}`),
    "",
    ...parts.moves.map((move) => `${move.old} ${move.new} ${move.ref}`),
    "",
  ].join("\n");
}

export function certificateOf(who: Person, server: PushServer, parts: CertificateParts): Buffer {
  const payload = Buffer.from(certificatePayload(server, parts), "latin1");
  return Buffer.concat([payload, sshSig(who.key, payload, { namespace: parts.namespace ?? "git" })]);
}

/** What git-receive-pack puts into a hook's environment; whoever starts it can put the same there. */
export function certificateEnv(
  server: PushServer,
  certificate: Buffer,
  more: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const oid: ObjectId = server.server.write("blob", certificate);
  const nonce = /^nonce (.*)$/m.exec(certificate.toString("latin1"))?.[1] ?? "";
  return {
    GIT_PUSH_CERT: oid,
    GIT_PUSH_CERT_STATUS: "G",
    GIT_PUSH_CERT_SIGNER: "alice@example.org",
    GIT_PUSH_CERT_NONCE: nonce,
    GIT_PUSH_CERT_NONCE_STATUS: "OK",
    ...more,
  };
}

/** Runs `pre-receive` for these moves as git would, with that certificate; the objects are in the server by then. */
export function receiveSigned(
  server: PushServer,
  moves: readonly Move[],
  certificate: Buffer,
  more: Readonly<Record<string, string>> = {},
): PushResult {
  const input = moves.map((move) => `${move.old} ${move.new} ${move.ref}\n`).join("");
  return server.callHook("pre-receive", input, certificateEnv(server, certificate, more));
}

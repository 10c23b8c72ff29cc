/**
 * What the agents that hold private keys say of them, over their own sockets: no program is started, no agent either, and nothing is
 * asked that a person would have to answer.
 */
import { connect } from "node:net";

/** An agent is on this machine; one that takes longer is asking somebody. */
const TIMEOUT_MS = 500;
const MOST_BYTES = 1024 * 1024;

/** `absent`: nobody listens there. `silent`: somebody does, and what he said is no answer. */
export type Answer<T> =
  { readonly is: "absent" } | { readonly is: "silent" } | { readonly is: "said"; readonly what: T };

const ABSENT = { is: "absent" } as const;
const SILENT = { is: "silent" } as const;

/** Sends a request and reads until `read` is content with what came; it gives undefined as long as it is not. */
function ask<T>(path: string, request: Buffer, read: (bytes: Buffer) => T | null | undefined): Promise<Answer<T>> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (answer: Answer<T>): void => {
      socket.destroy();
      resolve(answer);
    };
    let bytes = Buffer.alloc(0);
    socket.setTimeout(TIMEOUT_MS, () => end(SILENT));
    socket.on("connect", () => socket.write(request));
    socket.on("data", (more: Buffer) => {
      bytes = Buffer.concat([bytes, more]);
      const what = bytes.length > MOST_BYTES ? null : read(bytes);
      if (what !== undefined) end(what === null ? SILENT : { is: "said", what });
    });
    socket.on("error", ({ code }: NodeJS.ErrnoException) =>
      end(code === "ENOENT" || code === "ECONNREFUSED" ? ABSENT : SILENT),
    );
    socket.on("close", () => resolve(SILENT));
  });
}

const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;

/** The public keys that an ssh agent has, in wire form (draft-miller-ssh-agent, "Requesting a list of keys"). */
export function sshAgentKeys(socket: string): Promise<Answer<readonly Buffer[]>> {
  return ask(socket, Buffer.from([0, 0, 0, 1, REQUEST_IDENTITIES]), (bytes) => {
    if (bytes.length < 4 || bytes.length < 4 + bytes.readUInt32BE(0)) return undefined;
    return readIdentities(bytes.subarray(4, 4 + bytes.readUInt32BE(0)));
  });
}

function readIdentities(body: Buffer): readonly Buffer[] | null {
  if (body.length < 5 || body[0] !== IDENTITIES_ANSWER) return null;
  const keys: Buffer[] = [];
  let at = 5;
  const string = (): Buffer | null => {
    if (at + 4 > body.length) return null;
    const end = at + 4 + body.readUInt32BE(at);
    if (end > body.length) return null;
    const found = body.subarray(at + 4, end);
    at = end;
    return found;
  };
  for (let left = body.readUInt32BE(1); left > 0; left -= 1) {
    const key = string();
    if (key === null || string() === null) return null;
    keys.push(key);
  }
  return keys;
}

/** A private key that gpg-agent has: on this disk or elsewhere, and whether it would ask for a passphrase. */
export interface AgentKey {
  readonly onDisk: boolean;
  readonly isProtected: boolean;
  readonly isCached: boolean;
}

/** gpg-agent(1), KEYINFO: fields behind the keygrip are type, serial number, id, `1` for cached, `P` for protected. */
export function gpgAgentKeys(socket: string): Promise<Answer<readonly AgentKey[]>> {
  return ask(socket, Buffer.from("KEYINFO --list\nBYE\n"), (bytes) => {
    const lines = bytes.toString("latin1").split("\n");
    // Its greeting is the first `OK`, which it says before it reads anything.
    const ends = lines.flatMap((line, at) => (/^(?:OK|ERR)\b/.test(line) ? [at] : []));
    const [greeting, end] = ends;
    if (greeting === undefined || end === undefined) return undefined;
    if (lines[end]?.startsWith("ERR") === true) return null;
    return lines.slice(greeting, end).flatMap((line) => {
      const [, type, cached, protection] = /^S KEYINFO \S+ (\S+) \S+ \S+ (\S+) (\S+)/.exec(line) ?? [];
      return type === undefined
        ? []
        : [{ onDisk: type === "D", isProtected: protection === "P", isCached: cached === "1" }];
    });
  });
}

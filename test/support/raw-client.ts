/**
 * A client that says to git-receive-pack whatever it likes (gitprotocol-pack(5), "Pushing Data To a Server"): git's own
 * never claims an old value that it was not told, never names HEAD, and never sends what the server has to refuse.
 */
import type { PushServer } from "./push-server.ts";

export interface RawCommand {
  readonly ref: string;
  /** Claimed; nothing checks it before the hook has run. */
  readonly old: string;
  readonly new: string;
}

export interface RawPush {
  readonly commands: readonly RawCommand[];
  /** Objects to send, as `git pack-objects --revs` takes them (`OID`, `^OID`); none: no pack. */
  readonly send?: readonly string[];
  /** Deltas may rest on objects that only the server has. */
  readonly thin?: boolean;
  /** Edges of a shallow clone. */
  readonly shallow?: readonly string[];
  /** The connection breaks after this many bytes. */
  readonly cutAt?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const line = (text: string): string => (text.length + 4).toString(16).padStart(4, "0") + text;
const FLUSH = "0000";

/** Sends a push; gives the exit code of git-receive-pack and everything it said, side band included. */
export function rawPush(server: PushServer, push: RawPush): { status: number; text: string } {
  const { commands, send = [], thin = false, shallow = [], cutAt, env = {} } = push;
  const format = server.algorithm === "sha256" ? " object-format=sha256" : "";
  const asked = commands.map((command, at) =>
    line(`${command.old} ${command.new} ${command.ref}${at === 0 ? `\0report-status side-band-64k${format}` : ""}\n`),
  );
  const head = [...shallow.map((oid) => line(`shallow ${oid}\n`)), ...asked, FLUSH].join("");
  const pack =
    send.length === 0
      ? Buffer.alloc(0)
      : server.clone.gitBytes(["pack-objects", "--stdout", "--revs", "-q", ...(thin ? ["--thin"] : [])], {
          input: `${send.join("\n")}\n`,
        });
  const input = Buffer.concat([Buffer.from(head, "latin1"), pack]).subarray(0, cutAt);
  const result = server.server.run("git", ["receive-pack", server.server.dir], { input, env });
  return { status: result.status ?? -1, text: `${result.stdout.toString("latin1")}${result.stderr}` };
}

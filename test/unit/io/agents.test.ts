import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { gpgAgentKeys, sshAgentKeys } from "../../../src/io/agents.ts";

let folder: string;
let server: Server | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sp-agent-"));
  server = null;
});
afterEach(async () => {
  await new Promise((done) => (server === null ? done(null) : server.close(done)));
  rmSync(folder, { recursive: true });
});

/** Says `greeting` at once, and the parts one by one when it is asked. */
async function agent(parts: readonly (Buffer | string)[], greeting = ""): Promise<string> {
  const path = join(folder, "socket");
  server = createServer((socket) => {
    socket.on("error", () => undefined);
    if (greeting !== "") socket.write(greeting);
    socket.once(
      "data",
      () =>
        void (async () => {
          for (const part of parts) {
            socket.write(part);
            await new Promise((later) => setTimeout(later, 5));
          }
        })(),
    );
  });
  await new Promise<void>((listening) => server?.listen(path, listening));
  return path;
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const string = (text: string): Buffer => Buffer.concat([uint32(text.length), Buffer.from(text)]);
const message = (...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([uint32(body.length), body]);
};

describe("the ssh agent's keys", () => {
  it("are read from an answer that comes in pieces", async () => {
    const answer = message(Buffer.from([12]), uint32(2), string("one"), string("c"), string("two"), string(""));
    const path = await agent([answer.subarray(0, 3), answer.subarray(3, 11), answer.subarray(11)]);
    const said = await sshAgentKeys(path);
    expect(said).toMatchObject({ is: "said" });
    expect(said.is === "said" && said.what.map(String)).toEqual(["one", "two"]);
  });

  it.each<[string, Buffer]>([
    ["a refusal", message(Buffer.from([5]))],
    ["fewer keys than it promises", message(Buffer.from([12]), uint32(4_000_000_000), string("one"), string("c"))],
    ["a key longer than the answer", message(Buffer.from([12]), uint32(1), uint32(0xffffffff))],
    ["an answer without an end", Buffer.concat([uint32(0xffffffff), Buffer.alloc(2_000_000)])],
    ["nothing", Buffer.alloc(0)],
  ])("are not told by %s", async (_, bytes) => {
    expect(await sshAgentKeys(await agent([bytes]))).toEqual({ is: "silent" });
  });

  it("are asked of nobody where nobody listens", async () => {
    expect(await sshAgentKeys(join(folder, "nothing"))).toEqual({ is: "absent" });
  });
});

describe("gpg-agent's keys", () => {
  const line = (type: string, cached: string, protection: string) =>
    `S KEYINFO ${"A".repeat(40)} ${type} - - ${cached} ${protection} - - -\n`;

  it("are read behind its greeting, each with what it waits for", async () => {
    const path = await agent([line("D", "-", "P"), line("T", "-", "-"), line("D", "1", "P"), "OK\n"], "OK Pleased\n");
    expect(await gpgAgentKeys(path)).toEqual({
      is: "said",
      what: [
        { onDisk: true, isProtected: true, isCached: false },
        { onDisk: false, isProtected: false, isCached: false },
        { onDisk: true, isProtected: true, isCached: true },
      ],
    });
  });

  it.each<[string, readonly string[]]>([
    ["an error", ["ERR 67108891 Not found <GPG Agent>\n"]],
    ["a list without an end", [line("D", "-", "P")]],
  ])("are not told by %s", async (_, parts) => {
    expect(await gpgAgentKeys(await agent(parts, "OK Pleased\n"))).toEqual({ is: "silent" });
  });
});

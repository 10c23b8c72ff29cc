/** Servers that a test starts on loopback and stops by the process it started. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createServer, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Where Debian keeps daemons, which is on nobody's PATH but root's. */
export const DAEMON_PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

/** The absolute path of a program that may lie there. */
export const daemon = (name: string): string =>
  spawnSync("sh", ["-c", `command -v ${name}`], { env: { PATH: DAEMON_PATH }, encoding: "utf8" }).stdout.trim();

const PATIENCE_MS = 15_000;

export interface Running {
  readonly pid: number;
  /** Ends the process that was started and waits until it is gone. */
  readonly stop: () => Promise<void>;
}

export interface StartOptions {
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether it takes work by now. */
  readonly isReady: () => Promise<boolean>;
}

/** Starts a server in the foreground and waits until it takes work; one that ends before is an error with what it said. */
export async function startServer(program: string, args: readonly string[], options: StartOptions): Promise<Running> {
  const child = spawn(program, args, { env: options.environment, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString("latin1")));
  const ended = endOf(child);
  const abandon = (): boolean => child.kill("SIGKILL");
  process.once("exit", abandon);
  const until = Date.now() + PATIENCE_MS;
  while (!(await options.isReady())) {
    if (child.exitCode === null && child.signalCode === null && Date.now() < until) await sleep(20);
    else {
      child.kill("SIGKILL");
      await ended;
      throw new Error(`${program} did not start: ${said}`);
    }
  }
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    const killer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await ended;
    clearTimeout(killer);
    process.off("exit", abandon);
  };
  return { pid: child.pid ?? -1, stop };
}

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once("error", () => {
      resolve();
    });
    child.once("close", () => {
      resolve();
    });
  });

/** Starts a server that wants to be told its port; where somebody else was quicker, on another. */
export async function startOnPort(start: (port: number) => Promise<Running>): Promise<Running & { port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { ...(await start(port)), port };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
  });

/** Whether anybody listens at a port of loopback, or at a socket's path. */
export const listens = (where: number | string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = typeof where === "number" ? connect(where, "127.0.0.1") : connect(where);
    const answer = (is: boolean) => () => {
      socket.destroy();
      resolve(is);
    };
    socket.once("connect", answer(true));
    socket.once("error", answer(false));
  });

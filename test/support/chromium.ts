/** A headless Chromium, spoken to over a pipe in the DevTools protocol: no port, no driver, no package. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pathToFileURL } from "node:url";

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

export class Chromium {
  readonly #child: ChildProcess;
  readonly #home = mkdtempSync(join(tmpdir(), "chromium-"));
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #events: Message[] = [];
  #session: string | undefined;
  #next = 0;
  #pending = "";

  private constructor() {
    // --no-sandbox: the tests run as root, and open nothing but pages of their own.
    const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--remote-debugging-pipe"];
    this.#child = spawn("chromium", [...flags, `--user-data-dir=${this.#home}`, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      env: { ...process.env, HOME: this.#home },
    });
    const output = this.#child.stdio[4] as Readable;
    output.setEncoding("utf8");
    output.on("data", (text: string) => this.#read(text));
  }

  static async start(): Promise<Chromium> {
    const browser = new Chromium();
    try {
      const { targetId } = await browser.send("Target.createTarget", { url: "about:blank" });
      const { sessionId } = await browser.send("Target.attachToTarget", { targetId, flatten: true });
      browser.#session = sessionId as string;
      for (const domain of ["Page", "Runtime", "Log", "Network"]) await browser.send(`${domain}.enable`);
      await browser.resize(1120);
      return browser;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  send(method: string, params: object = {}): Promise<Readonly<Record<string, unknown>>> {
    const id = ++this.#next;
    const session = this.#session === undefined ? {} : { sessionId: this.#session };
    (this.#child.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result = {}, error }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
  }

  #read(text: string): void {
    const messages = (this.#pending + text).split("\0");
    this.#pending = messages.pop() ?? "";
    for (const one of messages) {
      const message = JSON.parse(one) as Message;
      if (message.id === undefined) this.#events.push(message);
      else this.#answers.get(message.id)?.(message);
    }
  }

  /** Opens a file and waits until it is loaded; gives the milliseconds that took. */
  async open(file: string): Promise<number> {
    this.#events.length = 0;
    const start = performance.now();
    await this.send("Page.navigate", { url: pathToFileURL(file).href });
    while (!this.#events.some(({ method }) => method === "Page.loadEventFired")) {
      if (performance.now() - start > 30_000) throw new Error(`${file} does not load`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await this.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))");
    return performance.now() - start;
  }

  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  /** What the page said, tried to load, or was kept from, since it was opened. */
  complaints(): readonly string[] {
    return this.#events.flatMap(({ method = "", params = {} }) =>
      method === "Log.entryAdded" || method === "Runtime.exceptionThrown" || method === "Runtime.consoleAPICalled"
        ? [JSON.stringify(params)]
        : method === "Network.requestWillBeSent" && !JSON.stringify(params["request"]).includes('"url":"file:')
          ? [JSON.stringify(params["request"])]
          : [],
    );
  }

  resize(width: number, height = 1000): Promise<unknown> {
    const metrics = { width, height, deviceScaleFactor: 1, mobile: false };
    return this.send("Emulation.setDeviceMetricsOverride", metrics);
  }

  emulate(media: "screen" | "print", scheme: "light" | "dark" = "light"): Promise<unknown> {
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    return this.send("Emulation.setEmulatedMedia", { media, features });
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send("Page.captureScreenshot", { format: "png" });
    return Buffer.from(data as string, "base64");
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.kill();
    await ended;
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** An npm registry on loopback that holds a few packages, made from folders: `npm install NAME` without any other network. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

export interface Packed {
  readonly name: string;
  readonly version: string;
  readonly filename: string;
}

export class LocalRegistry {
  readonly #server: Server;
  readonly address: string;

  private constructor(server: Server) {
    this.#server = server;
    this.address = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/`;
  }

  /** `packed`: what `npm pack --json` said of files in `folder`. Whatever else is asked for is not found. */
  static async start(folder: string, packed: readonly Packed[]): Promise<LocalRegistry> {
    const server = createServer((request, response) => {
      const path = decodeURIComponent(request.url ?? "/").slice(1);
      const one = packed.find(({ name, filename }) => path === name || path === filename);
      if (one === undefined) response.writeHead(404).end("{}");
      else if (path === one.filename) response.end(readFileSync(join(folder, path)));
      else response.setHeader("content-type", "application/json").end(packument(folder, one, request.headers.host));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new LocalRegistry(server);
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function packument(folder: string, { name, version, filename }: Packed, host = ""): string {
  const bytes = readFileSync(join(folder, filename));
  const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
  const manifest = { name, version, dist: { tarball: `http://${host}/${filename}`, integrity } };
  return JSON.stringify({ name, "dist-tags": { latest: version }, versions: { [version]: manifest } });
}

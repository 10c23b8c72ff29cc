/** Git's smart HTTP on loopback: nginx, fcgiwrap and git-http-backend, whose hooks see hardly any environment and no HOME. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DAEMON_PATH, daemon, listens, startOnPort, startServer, type Running } from "./processes.ts";

export interface HttpServer extends Running {
  /** `http://…` of a repository under the project root. */
  readonly url: (name: string) => string;
}

const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];

/** Serves the bare repositories under `projects` to the user `alice`. */
export async function startHttp(folder: string, projects: string, path: string): Promise<HttpServer> {
  mkdirSync(folder, { recursive: true });
  const at = (name: string): string => join(folder, name);
  const execPath = spawnSync("git", ["--exec-path"], { encoding: "utf8" }).stdout.trim();
  writeFileSync(at("passwords"), "alice:{PLAIN}secret\n");
  const socket = at("fcgi.sock");
  const fcgi = await startServer(daemon("fcgiwrap"), ["-c", "1", "-s", `unix:${socket}`], {
    environment: { PATH: path },
    isReady: () => listens(socket),
  });
  try {
    const nginx = await startOnPort((port) => {
      const parameters = {
        SCRIPT_FILENAME: join(execPath, "git-http-backend"),
        GIT_PROJECT_ROOT: projects,
        GIT_HTTP_EXPORT_ALL: '""',
        PATH_INFO: "$uri",
        REQUEST_METHOD: "$request_method",
        QUERY_STRING: "$query_string",
        CONTENT_TYPE: "$content_type",
        CONTENT_LENGTH: "$content_length",
        REMOTE_ADDR: "$remote_addr",
        REMOTE_USER: "$remote_user",
        SERVER_PROTOCOL: "$server_protocol",
        HTTP_CONTENT_ENCODING: "$http_content_encoding",
      };
      writeFileSync(
        at("nginx.conf"),
        `daemon off; master_process off; pid ${at("nginx.pid")}; error_log stderr;
events { }
http {
  access_log off; client_max_body_size 0;
  ${TEMPORARY.map((name) => `${name}_temp_path ${at(name)};`).join(" ")}
  server {
    listen 127.0.0.1:${String(port)};
    auth_basic git; auth_basic_user_file ${at("passwords")};
    location / {
      fastcgi_pass unix:${socket};
      ${Object.entries(parameters)
        .map(([name, value]) => `fastcgi_param ${name} ${value};`)
        .join("\n      ")}
    }
  }
}
`,
      );
      return startServer("nginx", ["-p", folder, "-c", at("nginx.conf"), "-e", "stderr"], {
        environment: { PATH: DAEMON_PATH },
        isReady: () => listens(port),
      });
    });
    return {
      pid: nginx.pid,
      url: (name) => `http://alice:secret@127.0.0.1:${String(nginx.port)}/${name}`,
      stop: async () => {
        await nginx.stop();
        await fcgi.stop();
      },
    };
  } catch (error) {
    await fcgi.stop();
    throw error;
  }
}

// Its own medicine: where this repository has a policy, CI holds the repository to it, by the program that was just built. A policy
// needs people with keys; `signpolicy init` writes the first one, and from that commit on an unsigned one fails here.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const places = [".signpolicy.yaml", ".signpolicy.yml", ".signpolicy.json", ".signpolicyrc", ".config/signpolicyrc"];

if (!places.some((place) => existsSync(join(root, place)))) {
  process.stdout.write("own-policy: nobody has put a policy and a key here yet: node dist/signpolicy.cjs init\n");
} else {
  for (const words of [
    ["policy", "check"],
    ["verify", "--quiet"],
  ]) {
    const program = [join(root, "dist", "signpolicy.cjs"), ...words];
    const { status } = spawnSync(process.execPath, program, { cwd: root, stdio: "inherit" });
    if (status !== 0) process.exit(status ?? 70);
  }
  process.stdout.write("own-policy: every commit of this history satisfies the repository's own policy\n");
}

// The most memory that a process holds at a time, as the kernel counts it; of git without the programs it starts.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

/** Megabytes, null where the system does not tell. */
export function peakMemory({ file, args, cwd, env, before = () => undefined }) {
  before();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: "ignore" });
    let peak = null;
    const look = () => {
      try {
        const [, kilobytes] = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "latin1")) ?? [];
        if (kilobytes !== undefined) peak = Number(kilobytes) / 1024;
      } catch {
        // It has ended, or there is no such file here.
      }
    };
    const timer = setInterval(look, 5);
    child.once("error", reject);
    child.once("close", () => {
      clearInterval(timer);
      resolve(peak);
    });
  });
}

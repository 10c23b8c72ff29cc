/** The user's own gpg, by git's own choice of program and in the user's own environment: this is his machine. */
import { join } from "node:path";
import { SignpolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import type { GitConfig } from "./config.ts";
import { runProgram } from "./programs.ts";

export interface GpgPlace {
  readonly program: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What git would run: gpg.openpgp.program, gpg.program, else gpg from the PATH; the last one set wins (git-config(1)). */
export function gpgPlace(config: GitConfig, cwd: string, environment: GpgPlace["environment"]): GpgPlace {
  const set = config.values.filter(({ key }) => key === "gpg.program" || key === "gpg.openpgp.program").at(-1)?.value;
  const home = environment["HOME"];
  const program = set ?? "gpg";
  return {
    program: program.startsWith("~/") && home !== undefined ? join(home, program.slice(2)) : program,
    cwd,
    environment,
  };
}

/**
 * The certificates that gpg has for a fingerprint or key id; empty where it has none.
 *
 * @throws SignpolicyError ERR_IO when gpg is not there or fails
 */
export async function exportCertificates({ program, cwd, environment }: GpgPlace, id: string): Promise<Bytes> {
  const argv = ["--batch", "--no-tty", "--armor", "--export-options", "export-minimal", "--export", "--", `0x${id}`];
  const { status, stdout, output } = await runProgram(program, argv, {
    cwd,
    environment,
    timeoutMs: 20_000,
    cap: 8 << 20,
  });
  if (status !== 0) {
    throw new SignpolicyError("ERR_IO", `${program} could not export ${id}: ${output.trim().split("\n").at(-1) ?? ""}`);
  }
  return Buffer.from(stdout, "latin1");
}

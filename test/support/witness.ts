/** What git itself hands to a verifier: stand-ins for gpg, gpgsm and ssh-keygen that keep the two files they are given. */
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ObjectKind } from "../../src/model.ts";
import type { Repo } from "./repo.ts";

const SCRIPT = `#!/bin/sh
# gpg ... --verify SIGNATURE - <payload; ssh-keygen -Y (find-principals|check-novalidate) ... -s SIGNATURE <payload
dir=$(dirname "$0")
while [ $# -gt 0 ]; do
  case $1 in
    find-principals) exit 1 ;;
    --verify|-s) cat -- "$2" >"$dir/signature" && cat >"$dir/payload"; exit 1 ;;
  esac
  shift
done
exit 1
`;

export interface Handed {
  readonly payload: Buffer;
  readonly signature: Buffer;
}

/** Sets the repository up and returns a function that asks git to verify an object; null: git saw no signature. */
export function witness(repo: Repo): (kind: ObjectKind & ("commit" | "tag"), oid: string) => Handed | null {
  const program = join(repo.home, "witness");
  const payload = join(repo.home, "payload");
  const signature = join(repo.home, "signature");
  writeFileSync(program, SCRIPT, { mode: 0o755 });
  writeFileSync(join(repo.home, "allowed"), "");
  for (const name of ["gpg.program", "gpg.x509.program", "gpg.ssh.program"]) repo.config(name, program);
  repo.config("gpg.ssh.allowedSignersFile", join(repo.home, "allowed"));
  return (kind, oid) => {
    rmSync(payload, { force: true });
    rmSync(signature, { force: true });
    repo.run("git", [`verify-${kind}`, oid]);
    if (!existsSync(payload)) return null;
    return { payload: readFileSync(payload), signature: readFileSync(signature) };
  };
}

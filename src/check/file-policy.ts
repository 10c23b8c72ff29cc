import { dirname, join } from "node:path";
import { PolicyError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { readPlainFile } from "../io/plain-files.ts";
import type { PolicySource } from "./policy-source.ts";
import { holdsPolicy, POLICY_PATHS } from "./tree-policy.ts";

const POLICY_CAP = 4 * 1024 * 1024;
const KEY_CAP = 2 * 1024 * 1024;

/** An administrator's file, by its absolute path. */
export function filePolicySource(path: string): PolicySource {
  return {
    label: () => `file:${path}`,
    readPolicy: async () => ({ bytes: required(await readPlainFile(path, POLICY_CAP), path), file: path }),
    readKey: async (key) => required(await readPlainFile(join(dirname(path), key), KEY_CAP), key),
  };
}

/** The one policy at the top of a work tree. */
export function workTreePolicySource(top: string): PolicySource {
  let folder = top;
  return {
    label: (file) => `file:${file}`,
    async readPolicy() {
      const found: { file: string; bytes: Bytes }[] = [];
      for (const file of POLICY_PATHS) {
        const bytes = await readPlainFile(join(top, file), POLICY_CAP);
        if (bytes !== null && (file !== "package.json" || holdsPolicy(bytes))) found.push({ file, bytes });
      }
      const [only, second] = found;
      if (only === undefined) throw new PolicyError("ERR_POLICY_MISSING", "there is no policy in the work tree");
      if (second !== undefined) throw new PolicyError("ERR_POLICY_INVALID", "more than one policy in the work tree");
      folder = dirname(join(top, only.file));
      return only.file === "package.json" ? { ...only, member: "signpolicy" as const } : only;
    },
    readKey: async (key) => required(await readPlainFile(join(folder, key), KEY_CAP), key),
  };
}

function required(bytes: Bytes | null, path: string): Bytes {
  if (bytes !== null) return bytes;
  throw new PolicyError("ERR_POLICY_UNREADABLE", `${path} is not there`);
}

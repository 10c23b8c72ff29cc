import { basename, dirname, join } from "node:path";
import { PolicyError } from "../errors.ts";
import { namesPresent, readKeyFile, readPolicyFile } from "../io/policy-file.ts";
import type { Bytes } from "../model.ts";
import { CODE_PLACES } from "../policy/places.ts";
import type { PolicySource } from "./policy-source.ts";
import { holdsPolicy, PACKAGE, POLICY_PATHS } from "./tree-policy.ts";

/** An administrator's file, by its absolute path. */
export function filePolicySource(path: string): PolicySource {
  return {
    administrators: true,
    label: () => `file:${path}`,
    async readPolicy(isKnown) {
      const bytes = await readPolicyFile(dirname(path), basename(path), isKnown);
      if (bytes === null) {
        throw new PolicyError("ERR_POLICY_UNREADABLE", `there is no policy file ${path}`, [], {
          hint: "put it there, its key files beside it; where none is named the policy of the default branch judges",
        });
      }
      return basename(path) === PACKAGE ? { bytes, file: path, member: "signpolicy" } : { bytes, file: path };
    },
    readKey: (key) => readKeyFile(dirname(path), key),
  };
}

/** The one policy at the top of a work tree. */
export function workTreePolicySource(top: string): PolicySource {
  let folder = top;
  return {
    label: (file) => `file:${file}`,
    async readPolicy() {
      const found = await findPolicies(top);
      const [only, second] = found;
      if (only === undefined) {
        throw new PolicyError("ERR_POLICY_MISSING", `there is no policy at the top of ${top}`, [], {
          hint: "signpolicy init, which writes one from what this clone uses",
        });
      }
      if (second !== undefined) {
        const places = found.map(({ file }) => file).join(", ");
        throw new PolicyError("ERR_POLICY_INVALID", `more than one policy at the top of ${top}: ${places}`, [], {
          hint: "keep one of them",
        });
      }
      folder = dirname(join(top, only.file));
      return only.file === PACKAGE ? { ...only, member: "signpolicy" } : only;
    },
    readKey: (key) => readKeyFile(folder, key),
  };
}

async function findPolicies(top: string): Promise<readonly { readonly file: string; readonly bytes: Bytes }[]> {
  const [code] = namesPresent(top, CODE_PLACES);
  if (code !== undefined) {
    throw new PolicyError("ERR_POLICY_INVALID", `${code} is code: a policy is data and never run`, [], {
      hint: `move what it says to ${POLICY_PATHS[0] ?? ""} and remove ${code}`,
    });
  }
  const found: { file: string; bytes: Bytes }[] = [];
  for (const file of POLICY_PATHS) {
    const bytes = await readPolicyFile(top, file);
    if (bytes !== null && (file !== PACKAGE || holdsPolicy(bytes, found.length > 0))) found.push({ file, bytes });
  }
  return found;
}

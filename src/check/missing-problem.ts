import type { ObjectId } from "../model.ts";
import type { StoredObject } from "../io/objects.ts";
import type { Problem } from "../policy/decide-problem.ts";

/** Of an object that is not there, or that git cannot read. */
export function missingProblem(oid: ObjectId, object?: StoredObject): Problem {
  if (object?.found !== "no" || object.damaged !== true)
    return { code: "missing-object", message: `${oid} is not in the repository` };
  return {
    code: "missing-object",
    message: `${oid} is damaged: git cannot read it`,
    hint: "git fsck names all that is; move it away, and fetch or copy it from a repository where it is whole",
  };
}

/** Of a ref that is there and names nothing. */
export const BROKEN_REF: Problem = {
  code: "missing-object",
  message: "git reads no object id from it: it is broken",
  hint: "git fsck names what is broken; remove its file below the git directory, and fetch it or set it anew",
};

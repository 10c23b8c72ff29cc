import { ObjectError, type ParseError } from "../errors.ts";
import type { Problem } from "../policy/decide-problem.ts";

/** Why a commit that leads to these bytes is denied: what is not there, too large or not what git writes was not judged. */
export const objectProblem = (error: ParseError): Problem => ({
  code: error instanceof ObjectError ? error.verdict : "malformed",
  message: error.message,
});

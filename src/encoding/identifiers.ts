import { ParseError } from "../errors.ts";
import type { HashAlgorithm, ObjectId, RefName } from "../model.ts";

/** Hexadecimal digits of a full object id. */
export function objectIdLength(algorithm: HashAlgorithm): 40 | 64 {
  return algorithm === "sha1" ? 40 : 64;
}

/** A full id: 40 or 64 lower-case hexadecimal digits. Says nothing about whether such an object exists. */
export function isObjectId(text: string): text is ObjectId {
  return (text.length === 40 || text.length === 64) && /^[0-9a-f]+$/.test(text);
}

/**
 * Reads a full object id; any algorithm's where none is given. Abbreviations and upper case are refused, so that a
 * branch or option that looks like one never reaches git as a name to resolve.
 *
 * @throws ParseError on anything else.
 */
export function parseObjectId(text: string, algorithm?: HashAlgorithm): ObjectId {
  if (!isObjectId(text) || (algorithm !== undefined && text.length !== objectIdLength(algorithm))) {
    throw new ParseError(
      "object id",
      `is not ${algorithm === undefined ? "40 or 64" : objectIdLength(algorithm)} lower-case hexadecimal digits`,
    );
  }
  return text;
}

/** All zeros, git's word for "no object" on hook input. */
export function isZeroId(text: string): boolean {
  return (text.length === 40 || text.length === 64) && text === "0".repeat(text.length);
}

export function zeroId(algorithm: HashAlgorithm): ObjectId {
  return "0".repeat(objectIdLength(algorithm)) as ObjectId;
}

/**
 * Reads a full ref name (`refs/heads/main`), one character a byte, by the rules of git check-ref-format.
 * `HEAD` and other names outside `refs/` are refused: receive-pack refuses them, too, and nothing may resolve them.
 *
 * @throws ParseError naming the rule that is broken.
 */
export function parseRefName(text: string): RefName {
  const fail = (message: string, offset = 0): never => {
    throw new ParseError("ref name", message, offset);
  };
  if (!text.startsWith("refs/")) fail("does not start with refs/");
  // git-check-ref-format(1), rules 4, 5 and 10
  const bad = text.search(/[\0-\x20\x7f~^:?*[\\]|[^\0-\xff]/);
  if (bad !== -1) fail("holds a character that git does not allow", bad);
  if (text.includes("..")) fail("holds ..", text.indexOf(".."));
  if (text.includes("@{")) fail("holds @{", text.indexOf("@{"));
  if (text.endsWith(".")) fail("ends with a dot", text.length - 1);
  for (const component of text.split("/")) {
    if (component === "") fail("has an empty component");
    if (component.startsWith(".")) fail("has a component that starts with a dot");
    if (component.endsWith(".lock")) fail("has a component that ends with .lock");
  }
  return text as RefName;
}

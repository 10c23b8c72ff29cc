import { fromLatin1 } from "../../src/encoding/bytes.ts";
import { parseObjectId } from "../../src/encoding/identifiers.ts";
import type { Bytes, HashAlgorithm, ObjectId } from "../../src/model.ts";

/** Raw objects built line by line, so that a test can say exactly what an attacker wrote. Text is latin-1. */

export const OID: ObjectId = parseObjectId("1".repeat(40));
export const OID256: ObjectId = parseObjectId("1".repeat(64));
export const TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
export const TREE256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321";
export const IDENTITY = "Alice Example <alice@example.org> 1700000000 +0100";

export const ARMOR = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";
export const SSH_ARMOR = "-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n";

/** A header whose value spans lines, as git folds it. `value` ends in a newline. */
export const header = (name: string, value: string): string => `${name} ${value.replace(/\n(?!$)/g, "\n ")}`;

export interface CommitLines {
  readonly algorithm?: HashAlgorithm;
  readonly tree?: string;
  readonly parents?: readonly string[];
  readonly author?: string;
  readonly committer?: string;
  /** Whole header lines, newline included. */
  readonly extra?: string;
  /** What follows the headers, blank line included. */
  readonly body?: string;
}

export function commitText(lines: CommitLines = {}): string {
  const { algorithm = "sha1", parents = [], author = IDENTITY, committer = IDENTITY, extra = "" } = lines;
  const { tree = algorithm === "sha1" ? TREE : TREE256, body = "\nA title\n\nA body\n" } = lines;
  const parentLines = parents.map((parent) => `parent ${parent}\n`).join("");
  return `tree ${tree}\n${parentLines}author ${author}\ncommitter ${committer}\n${extra}${body}`;
}

export const rawCommit = (lines?: CommitLines): Bytes => fromLatin1(commitText(lines));

export interface TagLines {
  readonly algorithm?: HashAlgorithm;
  readonly object?: string;
  readonly type?: string;
  readonly tag?: string;
  /** Null leaves the header out. */
  readonly tagger?: string | null;
  readonly extra?: string;
  readonly body?: string;
}

export function tagText(lines: TagLines = {}): string {
  const { algorithm = "sha1", type = "commit", tag = "v1.0", tagger = IDENTITY, extra = "" } = lines;
  const { object = algorithm === "sha1" ? OID : OID256, body = "\nRelease 1.0\n" } = lines;
  const taggerLine = tagger === null ? "" : `tagger ${tagger}\n`;
  return `object ${object}\ntype ${type}\ntag ${tag}\n${taggerLine}${extra}${body}`;
}

export const rawTag = (lines?: TagLines): Bytes => fromLatin1(tagText(lines));

/** The signed objects of test/vectors/objects, and the keys that made them. */
import { fileURLToPath } from "node:url";
import { decodeBase64 } from "../../src/encoding/base64.ts";
import type { Bytes, HashAlgorithm, Signed } from "../../src/model.ts";
import type { AnchorEntry } from "../../src/signature/anchors.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { parseSshPublicKey } from "../../src/signature/ssh/key.ts";
import { parseCommit } from "../../src/subject/commit.ts";
import { parsePushCertificate } from "../../src/subject/push-certificate.ts";
import { parseTag } from "../../src/subject/tag.ts";
import { OID, OID256 } from "./objects.ts";
import { VECTOR_KEYS } from "./object-vectors.ts";
import type { ObjectVectorKind } from "./object-vectors.ts";
import { headValue, readVectors } from "./vectors.ts";

export const OBJECTS = fileURLToPath(new URL("../vectors/objects", import.meta.url));

export interface ObjectSample {
  readonly name: string;
  readonly kind: ObjectVectorKind;
  readonly algorithm: HashAlgorithm;
  readonly raw: Bytes;
}

export interface ObjectVector extends ObjectSample {
  readonly signer: AnchorEntry;
  /** Of an OpenPGP key, in binary. */
  readonly certificate: Bytes | null;
}

export function readObjectVectors(): readonly ObjectVector[] {
  return readVectors(OBJECTS, VECTOR_KEYS).map((vector) => ({
    certificate: certificateOf(headValue(vector, "signer")),
    name: vector.name,
    kind: headValue(vector, "kind") as ObjectVectorKind,
    algorithm: headValue(vector, "algorithm") as HashAlgorithm,
    raw: vector.body,
    signer: signerOf(headValue(vector, "signer")),
  }));
}

function certificateOf(signer: string): Bytes | null {
  const base64 = /^openpgp (.*)$/.exec(signer)?.[1];
  return base64 === undefined ? null : decodeBase64(base64);
}

function signerOf(text: string): AnchorEntry {
  const [, kind = "", key = ""] = /^(\w+) (.*)$/.exec(text) ?? [];
  const entry = { principal: "alice", window: {} };
  if (kind === "openpgp") return { kind, certificate: readCertificate(decodeBase64(key)), ...entry };
  const ssh = { key: parseSshPublicKey(key), namespaces: ["git"], ...entry };
  return kind === "ssh" ? { kind, ...ssh } : { kind: "sshCa", ...ssh, principals: ["alice@example.org"] };
}

/** @throws ParseError as the reader of that kind does */
export function parseSample({ kind, algorithm }: Pick<ObjectSample, "kind" | "algorithm">, raw: Bytes): Signed {
  const oid = algorithm === "sha1" ? OID : OID256;
  if (kind === "commit") return parseCommit(oid, raw, algorithm);
  return kind === "tag" ? parseTag(oid, raw, algorithm) : parsePushCertificate(raw, algorithm);
}

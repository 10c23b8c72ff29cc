import { decodeBase64, encodeBase64 } from "../encoding/base64.ts";
import { concatBytes } from "../encoding/bytes.ts";
import { ParseError } from "../errors.ts";
import type { Bytes, Signed } from "../model.ts";
import { formatOf } from "./fields.ts";

/** Media type of the statements in an envelope (in-toto Attestation Framework, Envelope layer). */
export const IN_TOTO = "application/vnd.in-toto+json";

/** Most bytes of an envelope: some five thousand commits in one statement. */
export const ENVELOPE_CAP = 1024 * 1024;

/** A DSSE envelope taken apart: `payload` is what was signed, `body` what the envelope carries. */
export interface Envelope extends Signed {
  readonly body: Bytes;
}

/**
 * Reads a DSSE envelope of an in-toto statement with one signature (DSSE 1.0, envelope.md). The signature is the armored
 * block that gpg or `ssh-keygen -Y sign` gives for the pre-authentication encoding. Only the one form that
 * `renderEnvelope` writes is taken: a member that stands twice, or blanks and escapes that another reader might take
 * otherwise, would make two envelopes of one.
 *
 * Says nothing about the signature or the statement.
 *
 * @throws ParseError
 */
export function parseEnvelope(raw: Bytes): Envelope {
  if (raw.length > ENVELOPE_CAP) throw new ParseError("envelope", `holds more than ${ENVELOPE_CAP} bytes`);
  const { payload, keyid, sig } = fieldsOf(readJson(raw, "envelope"));
  const body = decodeBase64(payload);
  const signature = decodeBase64(sig);
  if (!renderEnvelope(body, keyid, signature).equals(raw)) throw new ParseError("envelope", NOT_CANONICAL);
  return { payload: preAuthentication(body), signatures: [{ format: formatOf(signature), bytes: signature }], body };
}

export const NOT_CANONICAL = "is not in canonical form";

/** One line of JSON. `keyid` is a hint for readers; nothing rests on it. */
export function renderEnvelope(body: Bytes, keyid: string, signature: Bytes): Buffer {
  const signatures = [{ keyid, sig: encodeBase64(signature) }];
  return Buffer.from(`${JSON.stringify({ payloadType: IN_TOTO, payload: encodeBase64(body), signatures })}\n`);
}

/** What is signed: no commit and no tag starts like this, so that no signature can be taken for the other (DSSE, protocol.md, PAE). */
export const preAuthentication = (body: Bytes): Bytes =>
  concatBytes(Buffer.from(`DSSEv1 ${IN_TOTO.length} ${IN_TOTO} ${body.length} `), body);

/** @throws ParseError for bytes that are no UTF-8 or no JSON */
export function readJson(raw: Bytes, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw));
  } catch {
    throw new ParseError(what, "is no JSON");
  }
}

interface Fields {
  readonly payload: string;
  readonly keyid: string;
  readonly sig: string;
}

function fieldsOf(value: unknown): Fields {
  const { payload, signatures } = membersOf(value);
  const [signature, another] = Array.isArray(signatures) ? (signatures as readonly unknown[]) : [];
  const { keyid, sig } = membersOf(signature);
  if (another !== undefined || typeof payload !== "string" || typeof keyid !== "string" || typeof sig !== "string") {
    throw new ParseError("envelope", "is no DSSE envelope with one signature");
  }
  return { payload, keyid, sig };
}

/** The members of an object, none for anything else; what they hold is for the caller to check. */
export const membersOf = (value: unknown): Readonly<Partial<Record<string, unknown>>> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** OpenPGP certificates (RFC 9580 §10.1): a primary key, user IDs and subkeys, and the signatures that bind them. */
import { decodeArmor } from "../../encoding/armor.ts";
import { latin1 } from "../../encoding/bytes.ts";
import { KeyError, ParseError } from "../../errors.ts";
import type { Bytes, Fingerprint } from "../../model.ts";
import { readKey } from "./key.ts";
import type { OpenPgpKey } from "./key.ts";
import { PACKET, splitPackets } from "./packets.ts";
import type { Packet } from "./packets.ts";
import { SIGNATURE_TYPE, readSignature } from "./signature.ts";
import type { OpenPgpSignature } from "./signature.ts";

export type { OpenPgpKey } from "./key.ts";

/** Design §5. A certificate with every one of its third-party certifications rarely reaches a tenth of it. */
const MAX_CERTIFICATE_BYTES = 2 * 1024 * 1024;

export interface OpenPgpUserId {
  readonly body: Bytes;
  /** Certifications and their revocations that name the primary key as their maker; unproven. */
  readonly signatures: readonly OpenPgpSignature[];
}

export interface OpenPgpSubkey {
  readonly key: OpenPgpKey;
  /** Bindings that name the primary key as their maker; unproven. */
  readonly bindings: readonly OpenPgpSignature[];
}

/** One OpenPGP certificate, by structure only: no self-signature in it has been verified. */
export interface OpenPgpCertificate {
  /** Of the primary key. */
  readonly fingerprint: Fingerprint;
  readonly algorithm: string;
  readonly bits: number;
  /** The primary key first. */
  readonly keys: readonly [OpenPgpKey, ...OpenPgpKey[]];
  /** As latin-1 text; anyone can claim anything here. */
  readonly userIds: readonly string[];
  readonly users: readonly OpenPgpUserId[];
  readonly subkeys: readonly OpenPgpSubkey[];
  /** Direct-key signatures that name the primary key as their maker; unproven. */
  readonly direct: readonly OpenPgpSignature[];
  /** Every revocation of the key or a subkey, wherever it stands in the file and whoever it names as its maker; unproven. */
  readonly revocations: readonly OpenPgpSignature[];
}

/**
 * Reads one certificate, armored or binary. Third-party certifications, user attributes and subkeys of a kind that is not
 * read here are left out, since real certificates carry them; anything else that belongs to no certificate is refused.
 *
 * @throws KeyError when it is malformed, or holds no certificate, two of them, or secret key material
 */
export function readCertificate(input: Bytes): OpenPgpCertificate {
  if (input.length > MAX_CERTIFICATE_BYTES) {
    throw new KeyError(`the key has ${input.length} bytes, the limit is ${MAX_CERTIFICATE_BYTES}`, {
      isTooLarge: true,
    });
  }
  try {
    // The top bit of every packet header is set (RFC 9580 §4.2), of no ASCII byte.
    const isBinary = (input[0] ?? 0) >= 0x80;
    const bytes = isBinary ? input : decodeArmor(input, "PGP PUBLIC KEY BLOCK");
    return assemble(splitPackets(bytes, "OpenPGP key"));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new KeyError(`${error.message}; expected one OpenPGP public key, as \`gpg --export --armor\` writes it`, {
      cause: error,
    });
  }
}

/** What the signatures that follow belong to. */
type Component =
  | { readonly kind: "primary" | "ignored" }
  | { readonly kind: "user"; readonly body: Bytes; readonly signatures: OpenPgpSignature[] }
  | { readonly kind: "subkey"; readonly key: OpenPgpKey; readonly bindings: OpenPgpSignature[] };

function assemble(packets: readonly Packet[]): OpenPgpCertificate {
  const [first, ...others] = packets.filter(({ tag }) => !PASSED_OVER.has(tag));
  if (first === undefined) throw new KeyError("the key holds nothing");
  if (SECRET.has(first.tag)) throw secretKey();
  if (first.tag !== PACKET.publicKey) throw new KeyError("this is no OpenPGP public key");
  const primary = readKey(first.body);
  if (primary === null) throw new KeyError("only OpenPGP keys of version 4 and 6 are supported");

  const components: Component[] = [];
  const direct: OpenPgpSignature[] = [];
  const revocations: OpenPgpSignature[] = [];
  let component: Component = { kind: "primary" };
  for (const { tag, body } of others) {
    if (tag === PACKET.signature) {
      const signature = readIfReadable(body);
      if (signature !== null) file(signature, component);
    } else {
      component = startComponent(tag, body, primary);
      components.push(component);
    }
  }

  function file(signature: OpenPgpSignature, owner: Component): void {
    const { type } = signature;
    // Tools append a revocation to the end of a file; where it stands must not decide whether it counts.
    if (type === SIGNATURE_TYPE.keyRevocation || type === SIGNATURE_TYPE.subkeyRevocation) revocations.push(signature);
    else if (!namesMaker(signature, primary as OpenPgpKey)) return;
    else if (type === SIGNATURE_TYPE.directKey) direct.push(signature);
    else if (owner.kind === "user" && isAboutUserId(type)) owner.signatures.push(signature);
    else if (owner.kind === "subkey" && type === SIGNATURE_TYPE.subkeyBinding) owner.bindings.push(signature);
  }

  const users = components.filter((one) => one.kind === "user");
  const subkeys = components.filter((one) => one.kind === "subkey");
  return {
    fingerprint: primary.fingerprint,
    algorithm: primary.algorithm,
    bits: primary.bits,
    keys: [primary, ...subkeys.map(({ key }) => key)],
    userIds: users.map(({ body }) => latin1(body)),
    users,
    subkeys,
    direct,
    revocations,
  };
}

/** Marker, trust (gpg's own notes) and padding say nothing (RFC 9580 §5.8, §5.10, §5.14). */
const PASSED_OVER: ReadonlySet<number> = new Set([PACKET.marker, PACKET.trust, PACKET.padding]);
const SECRET: ReadonlySet<number> = new Set([PACKET.secretKey, PACKET.secretSubkey]);

const secretKey = (): KeyError =>
  new KeyError("this is a secret key, which must leave its owner's machine never; expected the public key");

function startComponent(tag: number, body: Bytes, primary: OpenPgpKey): Component {
  if (tag === PACKET.publicKey) throw new KeyError("the key file holds two certificates; expected one a file");
  if (SECRET.has(tag)) throw secretKey();
  if (tag === PACKET.userId) return { kind: "user", body, signatures: [] };
  if (tag === PACKET.publicSubkey) {
    const key = readKey(body);
    // RFC 9580 §10.1.1: subkeys are of the primary's version.
    return key === null || key.version !== primary.version
      ? { kind: "ignored" }
      : { kind: "subkey", key, bindings: [] };
  }
  // RFC 9580 §4.3: from 40 on, types that a reader may pass over.
  if (tag === PACKET.userAttribute || tag >= 40) return { kind: "ignored" };
  throw new KeyError(`the key holds a packet of type ${tag}, which belongs to no certificate`);
}

const isAboutUserId = (type: number): boolean =>
  (type >= SIGNATURE_TYPE.firstCertification && type <= SIGNATURE_TYPE.lastCertification) ||
  type === SIGNATURE_TYPE.certificationRevocation;

/** Old and foreign signatures of strangers are common in certificates and say nothing here. */
function readIfReadable(body: Bytes): OpenPgpSignature | null {
  try {
    const signature = readSignature(body);
    return "unsupported" in signature ? null : signature;
  } catch (error) {
    if (error instanceof ParseError) return null;
    throw error;
  }
}

/** Whether a signature names `key` as its maker: a hint, which spares the proof of strangers' certifications. */
export function namesMaker({ issuers }: OpenPgpSignature, key: OpenPgpKey): boolean {
  return (
    issuers.keyIds.includes(key.keyId) ||
    issuers.fingerprints.some(({ fingerprint }) => fingerprint === key.fingerprint)
  );
}

/** The embedded signatures that can be read. */
export const readEmbedded = ({ embedded }: OpenPgpSignature): readonly OpenPgpSignature[] =>
  embedded.flatMap((body) => readIfReadable(body) ?? []);

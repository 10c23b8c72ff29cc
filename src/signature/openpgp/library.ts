/**
 * Raw verification by the `openpgp` package, for what node:crypto is not asked: Brainpool curves and secp256k1. A file of
 * its own because loading the package costs a hook more than everything else it does.
 */
import { PublicKeyPacket, SignaturePacket, config, enums } from "openpgp";
import { concatBytes } from "../../encoding/bytes.ts";
import type { Bytes } from "../../model.ts";
import type { OpenPgpKey } from "./key.ts";
import type { OpenPgpSignature } from "./signature.ts";

/** The parts of packet classes that `openpgp` leaves out of its type declarations. */
interface Readable {
  read(body: Bytes): unknown;
}

/** Hashes, dates, critical subpackets and issuers have been judged before; here it is only about numbers. */
const LENIENT = { ...config, rejectHashAlgorithms: new Set(), rejectMessageHashAlgorithms: new Set() };

/** Whether `key` made `signature` over `content`; false for whatever is wrong. */
export async function verifyWithLibrary(
  key: OpenPgpKey,
  signature: OpenPgpSignature,
  content: readonly Bytes[],
): Promise<boolean> {
  try {
    const publicKey = new PublicKeyPacket();
    await (publicKey as unknown as Readable).read(key.body);
    const packet = new SignaturePacket();
    await (packet as unknown as Readable).read(signature.body);
    packet.issuerKeyID = publicKey.getKeyID();
    packet.unknownSubpackets = [];
    packet.rawNotations = [];
    packet.revocationKeyClass = null;
    const bytes = concatBytes(...content);
    // The type that counts is the one hashed with the signature; "binary" here only hands our bytes through unchanged.
    const literal = { text: null, getBytes: () => bytes };
    await packet.verify(publicKey, enums.signature.binary, literal, null as unknown as Date, true, LENIENT);
    return true;
  } catch {
    return false;
  }
}

/**
 * Raw verification by the `openpgp` package, for keys that this build of OpenSSL does not take (some distributions leave
 * out the Brainpool curves and secp256k1). A file of its own because loading the package costs a hook more than everything
 * else it does.
 */
import { PublicKeyPacket, SignaturePacket, config, enums } from "openpgp";
import type { Bytes } from "../../model.ts";
import type { OpenPgpKey } from "./key.ts";
import type { OpenPgpSignature } from "./signature.ts";

/** Parts of the packet classes that `openpgp` leaves out of its type declarations. */
interface Undeclared {
  read(body: Bytes): unknown;
  /** Where it is set the package verifies it in JavaScript; with the data it asks for a module that it does not install. */
  hashed: Promise<Bytes>;
}

const NONE = new Set<enums.hash>();
/** Hashes, dates, critical subpackets and issuers have been judged before; here it is only about numbers. */
const LENIENT = { ...config, rejectHashAlgorithms: NONE, rejectMessageHashAlgorithms: NONE };

/** Whether `key` made `signature`, whose content and trailer hash to `digest`; false for whatever is wrong. */
export async function verifyWithLibrary(key: OpenPgpKey, signature: OpenPgpSignature, digest: Bytes): Promise<boolean> {
  try {
    const publicKey = new PublicKeyPacket();
    await (publicKey as unknown as Undeclared).read(key.body);
    const packet = new SignaturePacket();
    const undeclared = packet as unknown as Undeclared;
    await undeclared.read(signature.body);
    undeclared.hashed = Promise.resolve(digest);
    packet.issuerKeyID = publicKey.getKeyID();
    packet.unknownSubpackets = [];
    packet.rawNotations = [];
    packet.revocationKeyClass = null;
    // The type that counts stands in the trailer; "binary" here only keeps the package from caching a result.
    await packet.verify(publicKey, enums.signature.binary, {}, null as unknown as Date, true, LENIENT);
    return true;
  } catch {
    return false;
  }
}

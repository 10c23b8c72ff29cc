/** Several certificates in one text, as `gpg --export` and forges give them, taken apart into one each. */
import { decodeArmor, encodeArmor } from "../../encoding/armor.ts";
import { concatBytes, fromLatin1, latin1 } from "../../encoding/bytes.ts";
import { KeyError, ParseError } from "../../errors.ts";
import type { Bytes } from "../../model.ts";
import { PACKET, splitPackets } from "./packets.ts";
import type { Packet } from "./packets.ts";

const BLOCK = /-----BEGIN PGP PUBLIC KEY BLOCK-----[^]*?-----END PGP PUBLIC KEY BLOCK-----/g;

/** Whether bytes look like OpenPGP keys, armored or binary, public or secret. */
export const looksLikeKeyring = (input: Bytes): boolean =>
  // The top bit of every packet header is set (RFC 9580 §4.2), of no ASCII byte.
  (input[0] ?? 0) >= 0x80 || /-----BEGIN PGP [A-Z ]*KEY BLOCK-----/.test(latin1(input.subarray(0, 65_536)));

/**
 * Each certificate by itself, armored anew: text around and in armor headers, which anybody may have written, is gone.
 * By structure only; `readCertificate` reads what comes back.
 *
 * @throws KeyError when it is malformed or holds secret keys
 */
export function splitKeyring(input: Bytes): readonly string[] {
  try {
    const text = latin1(input);
    if (text.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----")) throw secretKeys();
    const isBinary = (input[0] ?? 0) >= 0x80;
    const blocks = isBinary
      ? [input]
      : [...text.matchAll(BLOCK)].map(([block]) => decodeArmor(fromLatin1(block), "PGP PUBLIC KEY BLOCK"));
    return blocks.flatMap((bytes) => splitCertificates(splitPackets(bytes, "OpenPGP key")));
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw new KeyError(`${error.message}; expected OpenPGP public keys, as \`gpg --export --armor\` writes them`, {
      cause: error,
    });
  }
}

function splitCertificates(packets: readonly Packet[]): readonly string[] {
  const certificates: Bytes[][] = [];
  for (const packet of packets) {
    if (packet.tag === PACKET.secretKey || packet.tag === PACKET.secretSubkey) throw secretKeys();
    if (packet.tag === PACKET.publicKey) certificates.push([]);
    // gpg's own notes on trust (RFC 9580 §5.10) are nobody else's business.
    if (packet.tag !== PACKET.trust) certificates.at(-1)?.push(framePacket(packet));
  }
  return certificates.map((parts) => encodeArmor(concatBytes(...parts), "PGP PUBLIC KEY BLOCK"));
}

/** RFC 9580 §4.2.1, always with a five-octet length: any reader takes it. */
function framePacket({ tag, body }: Packet): Bytes {
  const header = Buffer.alloc(6);
  header[0] = 0xc0 | tag;
  header[1] = 0xff;
  header.writeUInt32BE(body.length, 2);
  return concatBytes(header, body);
}

const secretKeys = (): KeyError =>
  new KeyError("there are secret keys in it, which must leave their owner's machine never; expected public keys");

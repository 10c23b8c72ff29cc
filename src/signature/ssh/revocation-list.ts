/** Lists of revoked SSH keys as OpenSSH takes them (sshd_config(5) RevokedKeys, ssh-keygen(1) KEY REVOCATION LISTS). */
import { latin1 } from "../../encoding/bytes.ts";
import { digestBytes } from "../../encoding/digest.ts";
import { decodeBase64, encodeBase64Unpadded } from "../../encoding/base64.ts";
import { SshReader } from "../../encoding/ssh-wire.ts";
import { ParseError } from "../../errors.ts";
import type { Bytes } from "../../model.ts";

export interface RevocationList {
  /** Keys by their wire form, as latin-1 text. */
  readonly keys: ReadonlySet<string>;
  /** `SHA256:` and unpadded base64. */
  readonly fingerprints: ReadonlySet<string>;
  /** SHA-1 digests of keys in wire form, as latin-1 text. */
  readonly sha1: ReadonlySet<string>;
  /** Certificates by serial number or key id: how many entries, and of which CAs; `null` among them: of any. */
  readonly certificates: { readonly entries: number; readonly authorities: ReadonlySet<string | null> };
}

const WHAT = "revocation list";
/** `SSHKRL\n\0` (PROTOCOL.krl §1). */
const MAGIC = 0x5353484b524c0a00n;

/**
 * Reads a list in either form: the binary one of `ssh-keygen -k`, or lines that each hold a public key or a `SHA256:` fingerprint.
 * Nothing is passed over: what is not understood may be the key that must not count.
 *
 * @throws ParseError
 */
export function readRevocationList(bytes: Bytes): RevocationList {
  const isBinary = bytes.length >= 8 && new SshReader(bytes, WHAT).uint64() === MAGIC;
  return isBinary ? readBinary(bytes) : readLines(bytes);
}

/** Whether a list names this key. */
export const isListed = (
  { keys, fingerprints, sha1 }: RevocationList,
  { blob, fingerprint }: { readonly blob: Bytes; readonly fingerprint: string },
): boolean =>
  fingerprints.has(fingerprint) ||
  keys.has(latin1(blob)) ||
  (sha1.size > 0 && sha1.has(latin1(digestBytes("sha1", blob))));

function readLines(bytes: Bytes): RevocationList {
  const keys = new Set<string>();
  const fingerprints = new Set<string>();
  for (const [index, raw] of latin1(bytes).split("\n").entries()) {
    const line = withoutBlanks(raw);
    if (line === "" || line.startsWith("#")) continue;
    // The prefixes are those of the specifications that ssh-keygen makes a binary list of.
    const hash = /^(?:hash:[ \t]*)?(SHA256:[A-Za-z0-9+/]{43})$/.exec(line)?.[1];
    if (hash !== undefined) fingerprints.add(hash);
    else keys.add(latin1(keyIn(line.replace(/^key:[ \t]*/, ""), index + 1)));
  }
  return { keys, fingerprints, sha1: new Set(), certificates: { entries: 0, authorities: new Set() } };
}

/** A pattern for blanks before the end would look for it from each of them. */
function withoutBlanks(line: string): string {
  let end = line.length;
  while (end > 0 && " \t\r".includes(line.charAt(end - 1))) end -= 1;
  return line.slice(0, end).replace(/^[ \t]+/, "");
}

/** The key in wire form, of whatever type: it is compared and never used. */
function keyIn(line: string, number: number): Bytes {
  const refused = new ParseError(WHAT, `line ${number} holds neither an SSH public key nor a SHA256: fingerprint`);
  const [, type, base64] = /^([a-z0-9@.-]+)[ \t]+([A-Za-z0-9+/]+=*)(?:[ \t].*)?$/.exec(line) ?? [];
  if (type === undefined || base64 === undefined) throw refused;
  if (type.endsWith(CERTIFICATE)) {
    throw new ParseError(WHAT, `line ${number} holds a certificate; expected the key in it, or that of its CA`);
  }
  const blob = decodeBase64(base64);
  if (new SshReader(blob, WHAT).text() !== type) throw refused;
  return blob;
}

const CERTIFICATE = "-cert-v01@openssh.com";

function readBinary(bytes: Bytes): RevocationList {
  const reader = new SshReader(bytes, WHAT);
  reader.uint64();
  const format = reader.uint32();
  if (format !== 1) throw new ParseError(WHAT, `it is of format ${format}, and only 1 is known`);
  // Version, date, flags, reserved, comment: for people.
  for (let field = 0; field < 3; field += 1) reader.uint64();
  reader.string();
  reader.string();
  const found = new Sections();
  while (!reader.atEnd) found.read(reader.byte(), reader);
  return found.list();
}

/** PROTOCOL.krl §2 to §6. */
class Sections {
  readonly #keys = new Set<string>();
  readonly #fingerprints = new Set<string>();
  readonly #sha1 = new Set<string>();
  readonly #authorities = new Set<string | null>();
  #entries = 0;

  list(): RevocationList {
    const certificates = { entries: this.#entries, authorities: this.#authorities };
    return { keys: this.#keys, fingerprints: this.#fingerprints, sha1: this.#sha1, certificates };
  }

  read(type: number, reader: SshReader): void {
    const section = new SshReader(reader.string(), WHAT);
    switch (type) {
      case 1:
        this.#certificates(section);
        break;
      case 2:
        for (const key of strings(section)) this.#keys.add(latin1(key));
        break;
      case 3:
        for (const digest of digests(section, 20)) this.#sha1.add(latin1(digest));
        break;
      case 5:
        for (const digest of digests(section, 32)) this.#fingerprints.add(`SHA256:${encodeBase64Unpadded(digest)}`);
        break;
      case 255:
        refuseCritical(section);
        break;
      default:
        // 4 is a signature, which OpenSSH itself no longer reads.
        throw new ParseError(WHAT, `it holds a section of type ${type}, which is not known`);
    }
    section.end();
  }

  #certificates(section: SshReader): void {
    const ca = section.string();
    section.string();
    const authority = ca.length === 0 ? null : `SHA256:${encodeBase64Unpadded(digestBytes("sha256", ca))}`;
    while (!section.atEnd) {
      const type = section.byte();
      const entry = new SshReader(section.string(), WHAT);
      if (type === 0x39) refuseCritical(entry);
      else {
        this.#entries += entriesOf(type, entry);
        this.#authorities.add(authority);
      }
      entry.end();
    }
  }
}

/** How many certificates, or ranges of them, an entry names. */
function entriesOf(type: number, entry: SshReader): number {
  let count = 0;
  switch (type) {
    case 0x20: // serial numbers
      for (; !entry.atEnd; count += 1) entry.uint64();
      return count;
    case 0x21: // a range of them
      if (entry.uint64() > entry.uint64())
        throw new ParseError(WHAT, "a range of serial numbers ends before it begins");
      return 1;
    case 0x22: // a bitmap of them
      entry.uint64();
      entry.string();
      return 1;
    case 0x23: // key ids
      return [...strings(entry)].length;
    default:
      throw new ParseError(WHAT, `it names certificates in a way, ${type}, that is not known`);
  }
}

function* strings(reader: SshReader): Generator<Bytes> {
  while (!reader.atEnd) yield reader.string();
}

function* digests(reader: SshReader, length: number): Generator<Bytes> {
  for (const digest of strings(reader)) {
    if (digest.length !== length)
      throw new ParseError(WHAT, `a digest has ${digest.length} bytes in place of ${length}`);
    yield digest;
  }
}

/** An extension that may be passed over says so. */
function refuseCritical(reader: SshReader): void {
  const name = reader.text();
  const critical = reader.byte() !== 0;
  reader.string();
  if (critical)
    throw new ParseError(WHAT, `it holds the critical extension ${JSON.stringify(name)}, which is not known`);
}

/** OpenPGP packet framing (RFC 9580 §4.2) and the reader of what is inside a packet. */
import { asBuffer } from "../../encoding/bytes.ts";
import { ParseError } from "../../errors.ts";
import type { Bytes } from "../../model.ts";

/** RFC 9580 §5, by the number on the wire. */
export const PACKET = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  padding: 21,
} as const;

export interface Packet {
  readonly tag: number;
  readonly body: Bytes;
}

/** Reads front to back; every length is checked against what is left before it is used. */
export class PacketReader {
  readonly #bytes: Bytes;
  readonly #what: string;
  readonly #start: number;
  readonly #end: number;
  #at: number;

  /** Of the bytes from `start` to `end`; offsets are counted from there. */
  constructor(bytes: Bytes, what: string, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#what = what;
    this.#start = start;
    this.#end = end;
    this.#at = start;
  }

  get offset(): number {
    return this.#at - this.#start;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  byte(): number {
    if (this.#at >= this.#end) this.fail("is cut off");
    return this.#bytes[this.#at++] as number;
  }

  uint16(): number {
    return this.byte() * 0x100 + this.byte();
  }

  uint32(): number {
    return this.uint16() * 0x1_0000 + this.uint16();
  }

  bytes(length: number): Bytes {
    const start = this.#pass(length);
    return this.#bytes.subarray(start, this.#at);
  }

  rest(): Bytes {
    return this.bytes(this.left);
  }

  /** The next bytes in lower-case hexadecimal. */
  hex(length: number): string {
    const start = this.#pass(length);
    return asBuffer(this.#bytes).toString("hex", start, this.#at);
  }

  /** A reader of the next bytes alone: most need not be cut out for being read. */
  part(length: number): PacketReader {
    const start = this.#pass(length);
    return new PacketReader(this.#bytes, this.#what, start, this.#at);
  }

  #pass(length: number): number {
    if (length > this.left) this.fail("is cut off");
    const start = this.#at;
    this.#at += length;
    return start;
  }

  /**
   * A multiprecision integer (RFC 9580 §3.2) as big-endian bytes without leading zeros. `exact`: its declared length must
   * fit, as the RFC demands of version 6; older writers are known to pad, and gpg reads them.
   */
  mpi(exact: boolean): Bytes {
    const bits = this.uint16();
    const length = Math.ceil(bits / 8);
    if (length > this.left) this.fail("is cut off");
    const top = bits % 8 === 0 ? 8 : bits % 8;
    const first = this.#bytes[this.#at] ?? 0;
    const end = this.#at + length;
    if (exact && bits > 0 && first >> (top - 1) !== 1) {
      this.#at = end;
      this.fail("has a number whose length is not exact");
    }
    while (this.#at < end && this.#bytes[this.#at] === 0) this.#at += 1;
    return this.bytes(end - this.#at);
  }

  end(): void {
    if (this.left > 0) this.fail("has trailing bytes");
  }

  fail(message: string): never {
    throw new ParseError(this.#what, message, this.offset);
  }
}

/**
 * Splits bytes into packets, in both header formats. Partial and indeterminate lengths belong to streamed data and
 * appear in no key or detached signature, so they are refused; so is a byte too many.
 *
 * @throws ParseError
 */
export function splitPackets(bytes: Bytes, what: string): readonly Packet[] {
  const reader = new PacketReader(bytes, what);
  const packets: Packet[] = [];
  while (reader.left > 0) packets.push(readPacket(reader));
  return packets;
}

function readPacket(reader: PacketReader): Packet {
  const header = reader.byte();
  if ((header & 0x80) === 0) reader.fail("is no sequence of OpenPGP packets");
  if ((header & 0x40) === 0) {
    // RFC 9580 §4.2.2, the legacy format: the length's size is in the header.
    const lengthType = header & 0x03;
    if (lengthType === 3) reader.fail("has a packet of indeterminate length");
    const length = lengthType === 0 ? reader.byte() : lengthType === 1 ? reader.uint16() : reader.uint32();
    return { tag: (header >> 2) & 0x0f, body: reader.bytes(length) };
  }
  const first = reader.byte();
  if (first >= 224 && first < 255) reader.fail("has a packet of partial length");
  return { tag: header & 0x3f, body: reader.bytes(longLength(reader, first)) };
}

/** RFC 9580 §4.2.1 and §5.2.3.7: one, two or five octets, told apart by the first. */
export function longLength(reader: PacketReader, first: number): number {
  if (first < 192) return first;
  if (first < 255) return (first - 192) * 0x100 + reader.byte() + 192;
  return reader.uint32();
}

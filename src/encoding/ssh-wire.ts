import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { asBuffer } from "./bytes.ts";

/**
 * Reads the SSH wire encoding (RFC 4251 §5) from front to back. Every length is checked against what is left before
 * anything is sliced; what it returns are views of the input.
 *
 * Call `end()` when done: trailing bytes give one signature several spellings.
 */
export class SshReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #offset = 0;

  /** `what` names the structure in errors. */
  constructor(bytes: Bytes, what: string) {
    this.#bytes = asBuffer(bytes);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  /** A length and that many bytes. */
  string(): Bytes {
    const length = this.uint32();
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Like `string`, as latin-1 text: NUL and non-ASCII bytes survive and compare unequal to what they imitate. */
  text(): string {
    return asBuffer(this.string()).toString("latin1");
  }

  /** Exactly `length` bytes without a length before them. */
  raw(length: number): Bytes {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** All that is left. */
  rest(): Bytes {
    const start = this.#offset;
    this.#offset = this.#bytes.length;
    return this.#bytes.subarray(start);
  }

  get atEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  end(): void {
    if (!this.atEnd) throw new ParseError(this.#what, "has trailing bytes", this.#offset);
  }

  #take(length: number): number {
    const start = this.#offset;
    if (length > this.#bytes.length - start) throw new ParseError(this.#what, "is cut short", start);
    this.#offset = start + length;
    return start;
  }
}

/** Each part with its length before it, one after the other: what reading them with `string()` undoes. */
export function sshStrings(...parts: readonly Bytes[]): Bytes {
  const written: Buffer[] = [];
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    written.push(length, asBuffer(part));
  }
  return Buffer.concat(written);
}

import { ParseError } from "../errors.ts";
import type { Bytes } from "../model.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { asBuffer, latin1 } from "./bytes.ts";

export type ArmorLabel = "PGP SIGNATURE" | "PGP PUBLIC KEY BLOCK" | "SSH SIGNATURE";

const BEGIN = "-----BEGIN ";
const DASHES = "-----";

/** The label of the armor block that starts at the first byte (`PGP SIGNATURE`), null where none does. */
export function armorLabel(bytes: Bytes): string | null {
  const head = asBuffer(bytes).toString("latin1", 0, 100);
  if (!head.startsWith(BEGIN)) return null;
  const end = head.indexOf(DASHES, BEGIN.length);
  if (end <= BEGIN.length) return null;
  const label = head.slice(BEGIN.length, end);
  return /^[A-Z0-9 ]+$/.test(label) ? label : null;
}

/**
 * Decodes exactly one armor block. Text before, behind or between the lines of a block is unsigned yet part of a
 * "verified" object, and gpg and ssh-keygen skip it; here it is refused. Lines may end in CRLF or blanks (RFC 9580 §6.2).
 * Whitespace lines may follow the block, since GitHub's web interface writes one, and around keys they may also precede it.
 *
 * OpenPGP armor may hold armor headers and a CRC-24, which must be right; RFC 9580 §6.1 makes it optional.
 *
 * @throws ParseError on anything else, on an empty block, and on base64 that is not canonical.
 */
export function decodeArmor(bytes: Bytes, label: ArmorLabel): Bytes {
  const fail = (message: string): never => {
    throw new ParseError(`armor of ${label}`, message);
  };
  const whole = latin1(bytes);
  const plain = decodePlain(whole, label);
  if (plain !== null) return plain;
  const lines = whole.split("\n");
  let next = 0;
  let end = lines.length;
  const line = (index: number): string => trimEnd(lines[index] ?? "");
  while (end > 0 && line(end - 1) === "") end--;
  if (label === "PGP PUBLIC KEY BLOCK") while (next < end && line(next) === "") next++;

  if (line(next++) !== `${BEGIN}${label}${DASHES}`) fail("does not start with its BEGIN line");
  if (end <= next || line(--end) !== `-----END ${label}${DASHES}`) fail("does not end with its END line");
  const isPgp = label !== "SSH SIGNATURE";
  if (isPgp) {
    while (next < end && line(next) !== "") {
      if (!/^[A-Za-z0-9-]+:( |$)/.test(line(next))) fail("has a malformed armor header");
      next++;
    }
    if (next++ >= end) fail("has no blank line before its data");
  }
  let crc: string | null = null;
  if (isPgp && end > next && /^=[^=]/.test(line(end - 1))) crc = line(--end).slice(1);

  let text = "";
  for (; next < end; next++) {
    const part = line(next);
    if (part === "") fail("has a blank line in its data");
    text += part;
  }
  if (text === "") fail("is empty");
  const data = decodeBase64(text);
  if (crc !== null) {
    const sum = decodeBase64(crc);
    if (sum.length !== 3 || ((sum[0] ?? 0) << 16) + ((sum[1] ?? 0) << 8) + (sum[2] ?? 0) !== crc24(data)) {
      fail("has a wrong checksum");
    }
  }
  return data;
}

/**
 * A block as gpg and ssh-keygen write it: no armor header, no blank, every line ended by LF alone. Null for any other,
 * and for one with anything wrong in it, which then is read line by line.
 */
function decodePlain(text: string, label: ArmorLabel): Bytes | null {
  const { isPgp, begin, end } = PLAIN[label];
  if (!text.startsWith(begin) || !text.endsWith(end)) return null;
  const sum = isPgp ? text.indexOf("\n=", begin.length) : -1;
  const body = text.slice(begin.length, sum === -1 ? -end.length : sum);
  if (body === "" || body.startsWith("\n") || body.endsWith("\n") || body.includes("\n\n")) return null;
  const base64 = body.replaceAll("\n", "");
  const data = Buffer.from(base64, "base64");
  if (data.toString("base64") !== base64) return null;
  if (sum === -1) return data;
  return text.slice(sum + 2, -end.length) === checksum(data) ? data : null;
}

const plainFrame = (label: ArmorLabel, isPgp: boolean) => ({
  isPgp,
  begin: `${BEGIN}${label}${DASHES}\n${isPgp ? "\n" : ""}`,
  end: `\n-----END ${label}${DASHES}\n`,
});

const PLAIN = {
  "PGP SIGNATURE": plainFrame("PGP SIGNATURE", true),
  "PGP PUBLIC KEY BLOCK": plainFrame("PGP PUBLIC KEY BLOCK", true),
  "SSH SIGNATURE": plainFrame("SSH SIGNATURE", false),
};

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Three bytes in base64. */
function checksum(data: Bytes): string {
  const crc = crc24(data);
  const digit = (shift: number): string => DIGITS.charAt((crc >> shift) & 0x3f);
  return digit(18) + digit(12) + digit(6) + digit(0);
}

/** Not `String.prototype.trimEnd`, which also takes NBSP, BOM and form feeds. */
function trimEnd(line: string): string {
  let end = line.length;
  while (end > 0) {
    const code = line.charCodeAt(end - 1);
    if (code !== 0x20 && code !== 0x09 && code !== 0x0d) break;
    end--;
  }
  return end === line.length ? line : line.slice(0, end);
}

/** An armor block as gpg writes one: RFC 9580 §6.2, without armor headers. */
export function encodeArmor(data: Bytes, label: "PGP PUBLIC KEY BLOCK"): string {
  const sum = Buffer.alloc(3);
  sum.writeUIntBE(crc24(data), 0, 3);
  const lines = encodeBase64(data).match(/.{1,64}/g) ?? [];
  return [`${BEGIN}${label}${DASHES}`, "", ...lines, `=${encodeBase64(sum)}`, `-----END ${label}${DASHES}`, ""].join(
    "\n",
  );
}

let crcTables: Int32Array | null = null;

/** What a byte makes of the sum, and what it does where one more byte follows, and two. */
function makeTables(): Int32Array {
  const tables = new Int32Array(3 * 256);
  // From the eight single bits on: every hook that meets a certificate waits for it.
  let crc = 0x800000;
  for (let bit = 1; bit < 256; bit <<= 1) {
    crc = (crc & 0x800000 ? (crc << 1) ^ 0x864cfb : crc << 1) & 0xffffff;
    for (let below = 0; below < bit; below++) tables[bit + below] = crc ^ (tables[below] ?? 0);
  }
  for (let at = 256; at < tables.length; at++) {
    const before = tables[at - 256] as number;
    tables[at] = ((before << 8) & 0xffffff) ^ (tables[before >> 16] as number);
  }
  return tables;
}

/** RFC 9580 §6.1.1. The sum is of three bytes, and three are taken at once: none of the look-ups waits for another. */
export function crc24(data: Bytes): number {
  const tables = (crcTables ??= makeTables());
  const whole = data.length - (data.length % 3);
  let crc = 0xb704ce;
  let at = 0;
  for (; at < whole; at += 3) {
    crc ^= ((data[at] as number) << 16) | ((data[at + 1] as number) << 8) | (data[at + 2] as number);
    crc =
      (tables[512 + (crc >> 16)] as number) ^
      (tables[256 + ((crc >> 8) & 0xff)] as number) ^
      (tables[crc & 0xff] as number);
  }
  for (; at < data.length; at++) {
    crc = ((crc << 8) & 0xffffff) ^ (tables[(crc >> 16) ^ (data[at] as number)] as number);
  }
  return crc;
}

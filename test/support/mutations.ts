/** Changes at random, from single bytes to the parts that a format is made of, for properties. */
import fc from "fast-check";
import { crc24 } from "../../src/encoding/armor.ts";
import { encodeBase64 } from "../../src/encoding/base64.ts";
import { asBuffer, concatBytes, fromLatin1, latin1 } from "../../src/encoding/bytes.ts";
import type { Bytes } from "../../src/model.ts";
import { bytes, number, packet } from "./openpgp.ts";
import { uint32 } from "./ssh.ts";

/** What one does to bytes; total. */
export type Mutation = (raw: Bytes) => Bytes;

interface Edit {
  readonly at: number;
  readonly cut: number;
  readonly paste: Bytes;
}

/** Some cuts, each replaced: flips, insertions, deletions, pieces that mean something, pieces of other inputs. */
export function edits(pieces: readonly Bytes[], sources: readonly Bytes[], max = 4): fc.Arbitrary<Mutation> {
  const some = [
    fc.uint8Array({ maxLength: 8 }),
    ...(pieces.length === 0 ? [] : [fc.constantFrom(...pieces)]),
    fc
      .tuple(fc.constantFrom(...sources), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat({ max: 700 }))
      .map(([source, from, length]) => {
        const start = Math.floor(from * source.length);
        return source.subarray(start, start + length);
      }),
  ];
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    cut: fc.nat({ max: 8 }),
    paste: fc.oneof(...some),
  });
  return fc.array(edit, { minLength: 1, maxLength: max }).map((all) => (raw) => all.reduce(applyEdit, raw));
}

function applyEdit(raw: Bytes, { at, cut, paste }: Edit): Bytes {
  const from = Math.floor(at * (raw.length + 1));
  return concatBytes(raw.subarray(0, from), paste, raw.subarray(from + cut));
}

export const bitFlip: fc.Arbitrary<Mutation> = fc
  .double({ min: 0, max: 0.999999, noNaN: true })
  .map((where) => (raw) => {
    const flipped = Uint8Array.from(raw);
    const bit = Math.floor(where * raw.length * 8);
    if (raw.length > 0) flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return flipped;
  });

const place = fc.double({ min: 0, max: 1, noNaN: true });

/** Whole lines dropped, doubled, moved, folded under another, ended otherwise, taken from another input or from `odd`. */
export function lineMoves(sources: readonly Bytes[], odd: readonly string[] = ["\n"]): fc.Arbitrary<Mutation> {
  const deed = fc.constantFrom("drop", "double", "move", "fold", "unfold", "crlf", "put", "take", "join");
  const picked = [deed, place, place, fc.constantFrom(...sources), fc.constantFrom(...odd)] as const;
  return fc.tuple(...picked).map(([what, one, two, source, oddLine]) => (raw) => {
    const lines = linesOf(raw);
    const from = Math.floor(one * lines.length);
    const to = Math.floor(two * lines.length);
    const line = lines[from] ?? "";
    const others = linesOf(source);
    const put: Readonly<Record<typeof what, () => void>> = {
      drop: () => lines.splice(from, 1),
      double: () => lines.splice(to, 0, line),
      move: () => lines.splice(to, 0, ...lines.splice(from, 1)),
      fold: () => lines.splice(from, 1, ` ${line}`),
      unfold: () => lines.splice(from, 1, line.replace(/^ /, "")),
      crlf: () => lines.splice(from, 1, line.replace(/\n$/, "\r\n")),
      put: () => lines.splice(from, 0, oddLine),
      take: () => lines.splice(from, 0, others[Math.floor(two * others.length)] ?? ""),
      join: () => lines.splice(from, 1, line.replace(/\n$/, "")),
    };
    put[what]();
    return fromLatin1(lines.join(""));
  });
}

const linesOf = (raw: Bytes): string[] => latin1(raw).split(/(?<=\n)/);

/** The lines of a signature's armor written otherwise: readers take all of these, and the data stays what it was. */
const armorStyle = fc.record({
  width: fc.constantFrom(4, 60, 64, 70, 76),
  end: fc.constantFrom("\n", "\r\n", " \n", "\t\n"),
  headers: fc.constantFrom([], ["Version: GnuPG v2"], ["Comment: a", "Comment: b"]),
  sum: fc.boolean(),
  tail: fc.constantFrom("", "\n", " \n\n"),
});

/** Opens a signature's armor, changes what is in it, and closes it again as some program would. */
export function inArmor(inside: fc.Arbitrary<Mutation>): fc.Arbitrary<Mutation> {
  return fc.tuple(inside, armorStyle).map(([change, style]) => (armored) => {
    const text = latin1(armored);
    const label = /^-----BEGIN ([A-Z ]+)-----/.exec(text)?.[1] ?? "PGP SIGNATURE";
    const isPgp = label === "PGP SIGNATURE";
    const base64 = text
      .replace(/-----[^\n]*\n?/g, "")
      .replace(/^=[^=].*$/m, "")
      .replace(/\s/g, "");
    const data = change(Buffer.from(base64, "base64"));
    const sum = Buffer.alloc(3);
    sum.writeUIntBE(crc24(data), 0, 3);
    return fromLatin1(
      [
        `-----BEGIN ${label}-----`,
        ...(isPgp ? [...style.headers, ""] : []),
        ...(encodeBase64(data).match(new RegExp(`.{1,${style.width}}`, "g")) ?? []),
        ...(isPgp && style.sum ? [`=${encodeBase64(sum)}`] : []),
        `-----END ${label}-----`,
        style.tail,
      ].join(style.end),
    );
  });
}

/** A signature packet of version 4, taken apart by its lengths (RFC 9580 §5.2.3). */
interface Packet4 {
  readonly head: Bytes;
  readonly hashed: readonly Bytes[];
  readonly unhashed: readonly Bytes[];
  readonly rest: Bytes;
}

function openPacket(data: Bytes): Packet4 | null {
  const raw = asBuffer(data);
  // What gpg writes: the legacy format, with one or two octets of length.
  const start = raw[0] === 0x88 ? 2 : raw[0] === 0x89 ? 3 : null;
  if (start === null || raw[start] !== 4 || raw.length < start + 8) return null;
  const hashedEnd = start + 6 + raw.readUInt16BE(start + 4);
  if (raw.length < hashedEnd + 2) return null;
  const end = hashedEnd + 2 + raw.readUInt16BE(hashedEnd);
  return {
    head: raw.subarray(start, start + 4),
    hashed: subpackets(raw.subarray(start + 6, hashedEnd)),
    unhashed: subpackets(raw.subarray(hashedEnd + 2, end)),
    rest: raw.subarray(end),
  };
}

function subpackets(area: Bytes): readonly Bytes[] {
  const found: Bytes[] = [];
  for (let at = 0; at < area.length; at += 1 + (area[at] ?? 0)) found.push(area.subarray(at, at + 1 + (area[at] ?? 0)));
  return found;
}

/** Subpackets moved, doubled, dropped and added in either area, another packet beside it, and other packet headers. */
export const packetMoves: fc.Arbitrary<Mutation> = fc
  .record({
    from: fc.constantFrom("hashed" as const, "unhashed" as const),
    to: fc.constantFrom("hashed" as const, "unhashed" as const),
    at: place,
    take: fc.boolean(),
    added: fc.oneof(
      fc.constant(null),
      fc
        .tuple(fc.nat(255), fc.uint8Array({ maxLength: 30 }))
        .map(([type, body]) => concatBytes(bytes(body.length + 1, type), body)),
    ),
    format: fc.constantFrom("new" as const, "old" as const),
    beside: fc.constantFrom<readonly number[]>([], [], [], [2], [10], [12], [13]),
  })
  .map(({ from, to, at, take, added, format, beside }) => (data) => {
    const open = openPacket(data);
    if (open === null) return data;
    const areas = { hashed: [...open.hashed], unhashed: [...open.unhashed] };
    const index = Math.floor(at * areas[from].length);
    const [moved] = take ? areas[from].splice(index, 1) : areas[from].slice(index, index + 1);
    if (moved !== undefined) areas[to].push(moved);
    if (added !== null) areas[to].push(added);
    const [hashed, unhashed] = [concatBytes(...areas.hashed), concatBytes(...areas.unhashed)];
    const body = concatBytes(
      open.head,
      number(hashed.length, 2),
      hashed,
      number(unhashed.length, 2),
      unhashed,
      open.rest,
    );
    return concatBytes(packet(2, body, format), ...beside.map((tag) => packet(tag, tag === 2 ? body : bytes(1, 2, 3))));
  });

/** Fields of an SSH signature (PROTOCOL.sshsig: key, namespace, reserved, hash, signature) taken from others or emptied. */
export function fieldMoves(blobs: readonly Bytes[]): fc.Arbitrary<Mutation> {
  return fc
    .tuple(fc.nat(4), fc.nat(4), fc.constantFrom("take", "empty", "double", "swap"), fc.constantFrom(...blobs))
    .map(([one, two, what, other]) => (data) => {
      const fields = openFields(data);
      const theirs = openFields(other);
      if (fields === null || theirs === null) return data;
      const [here = new Uint8Array(), there = new Uint8Array()] = [fields[one], fields[two]];
      if (what === "take") fields[one] = theirs[one] ?? here;
      if (what === "empty") fields[one] = new Uint8Array();
      if (what === "double") fields[one] = concatBytes(here, here);
      if (what === "swap") [fields[one], fields[two]] = [there, here];
      return concatBytes(data.subarray(0, 10), ...fields.flatMap((field) => [uint32(field.length), field]));
    });
}

function openFields(data: Bytes): Bytes[] | null {
  const raw = asBuffer(data);
  if (raw.toString("latin1", 0, 6) !== "SSHSIG") return null;
  const fields: Bytes[] = [];
  for (let at = 10; at < raw.length;) {
    if (raw.length < at + 4) return null;
    const end = at + 4 + raw.readUInt32BE(at);
    if (raw.length < end) return null;
    fields.push(raw.subarray(at + 4, end));
    at = end;
  }
  return fields.length === 5 ? fields : null;
}

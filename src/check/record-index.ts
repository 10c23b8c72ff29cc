/**
 * An index of a receive record: what its lines come to at one of them, in tables of which a push reads a few kilobytes. It is
 * derived, and says nothing that the record does not: whoever does not find it whole, and of this program, reads the record.
 *
 * A line (form, length of the head, SHA-256 of the head), the head as JSON, and for each table first where its blocks end,
 * four bytes each, then the blocks: SHA-256, then rows as JSON. The digest of a block is over the head's digest and the block's
 * place, too, so that no block of another index, of an older one or of another place passes for it.
 */
import { basename } from "node:path";
import { digestBytes, digestHex } from "../encoding/digest.ts";
import type { PartlyRead } from "../io/record-index-file.ts";
import { noTable, type Row, type Table } from "./layered-map.ts";
import type { RecordHead } from "./record-entries.ts";
import type { StateHead } from "./record-state.ts";

const FORM = /^index of a signpolicy record 1 (\d{9}) ([0-9a-f]{64})\n$/;
const FORM_BYTES = `index of a signpolicy record 1 ${"0".repeat(9)} ${"0".repeat(64)}\n`.length;
const READ_FIRST = 8 * 1024;
const DIGEST_BYTES = 32;
const END_BYTES = 4;
/** Blocks of a table that are read one by one; whoever asks for more is likely to ask for all. */
const FEW_BLOCKS = 128;

/** The file of the bundle that this is in: its name holds a digest of what it holds, and that says what lines come to. */
export const PROGRAM = `${SIGNPOLICY_VERSION} ${basename(import.meta.filename)}`;

/** The line of a record's file that an index goes up to. */
export interface IndexedPlace extends RecordHead {
  /** Bytes of the lines up to this one, with it. */
  readonly bytes: number;
}

interface TableHead {
  /** Where it begins, counted from the end of the head. */
  readonly at: number;
  readonly blocks: number;
  readonly rows: number;
}

interface IndexHead {
  readonly program: string;
  readonly place: IndexedPlace;
  readonly state: StateHead;
  readonly tables: readonly TableHead[];
}

export interface RecordIndex {
  /** Which program wrote it (`PROGRAM`): another may take lines for something else. */
  readonly program: string;
  readonly place: IndexedPlace;
  readonly state: StateHead;
  readonly tables: readonly Table[];
}

/**
 * Null for what is none, or whose head is damaged. A table is proven block by block as it is read; where
 * one is not what was written, `whole` is asked for the tables instead.
 */
export function readIndex(file: PartlyRead, whole: (place: IndexedPlace) => readonly Table[]): RecordIndex | null {
  const first = file.read(0, READ_FIRST);
  const [, length, digest] = FORM.exec(first.toString("latin1", 0, FORM_BYTES)) ?? [];
  if (digest === undefined) return null;
  const end = FORM_BYTES + Number(length);
  const bytes = end <= first.length ? first.subarray(FORM_BYTES, end) : file.read(FORM_BYTES, Number(length));
  if (digestHex("sha256", bytes) !== digest) return null;
  const { program, place, state, tables } = JSON.parse(bytes.toString()) as IndexHead;
  let others: readonly Table[] | null = null;
  const instead = (at: number): Table => (others ??= whole(place))[at] ?? noTable();
  const seed = seedOf(place);
  const opened = tables.map((head, at) => {
    const from = end + head.at;
    return new IndexTable(file, { ...head, at: from, mark: `${digest} ${at}`, seed }, () => instead(at));
  });
  return { program, place, state, tables: opened };
}

interface Layout extends TableHead {
  /** What the digest of each block is over, beside its number and rows. */
  readonly mark: string;
  readonly seed: number;
}

class IndexTable implements Table {
  readonly size: number;
  readonly #file: PartlyRead;
  readonly #layout: Layout;
  readonly #instead: () => Table;
  readonly #blocks = new Map<number, ReadonlyMap<string, Row>>();
  #all: ReadonlyMap<string, Row> | null = null;
  #other: Table | null = null;

  constructor(file: PartlyRead, layout: Layout, instead: () => Table) {
    this.size = layout.rows;
    this.#file = file;
    this.#layout = layout;
    this.#instead = instead;
  }

  row(key: string): Row | undefined {
    const { blocks, seed } = this.#layout;
    if (blocks === 0) return undefined;
    if (this.#blocks.size === FEW_BLOCKS) this.#all ??= this.#readAll();
    if (this.#other !== null) return this.#other.row(key);
    if (this.#all !== null) return this.#all.get(key);
    const number = blockOf(key, seed, blocks);
    const known = this.#blocks.get(number) ?? this.#readBlock(number);
    if (known === null) return (this.#other = this.#instead()).row(key);
    this.#blocks.set(number, known);
    return known.get(key);
  }

  rows(): Iterable<Row> {
    if (this.#layout.blocks === 0) return [];
    if (this.#other === null) this.#all ??= this.#readAll();
    return this.#all?.values() ?? this.#instead().rows();
  }

  /** Null for a damaged one. */
  #readBlock(number: number): ReadonlyMap<string, Row> | null {
    const { at, blocks } = this.#layout;
    const before = number === 0 ? 0 : END_BYTES;
    const ends = this.#file.read(at + number * END_BYTES - before, before + END_BYTES);
    if (ends.length < before + END_BYTES) return null;
    const [from, to] = [before === 0 ? 0 : ends.readUInt32LE(0), ends.readUInt32LE(before)];
    return this.#rowsOf(number, this.#file.read(at + blocks * END_BYTES + from, to - from));
  }

  #rowsOf(number: number, block: Buffer): ReadonlyMap<string, Row> | null {
    const rows = block.subarray(DIGEST_BYTES);
    if (!digestBlock(this.#layout.mark, number, rows).equals(block.subarray(0, DIGEST_BYTES))) return null;
    return new Map((JSON.parse(rows.toString()) as readonly Row[]).map((row) => [row[0], row]));
  }

  /** All rows; null, and the record from now on, where one of the blocks is damaged. */
  #readAll(): ReadonlyMap<string, Row> | null {
    const { at, blocks } = this.#layout;
    const all = new Map<string, Row>();
    const ends = this.#file.read(at, blocks * END_BYTES);
    const from = at + ends.length;
    const length = ends.length < blocks * END_BYTES ? 0 : ends.readUInt32LE((blocks - 1) * END_BYTES);
    const bytes = this.#file.read(from, length);
    for (let number = 0, begin = 0; number < blocks; number += 1) {
      const end = length === 0 ? 0 : ends.readUInt32LE(number * END_BYTES);
      const rows = this.#rowsOf(number, bytes.subarray(begin, end));
      if (rows === null) {
        this.#other = this.#instead();
        return null;
      }
      for (const [key, row] of rows) all.set(key, row);
      begin = end;
    }
    return all;
  }
}

const digestBlock = (mark: string, number: number, rows: Buffer): Buffer =>
  Buffer.from(digestBytes("sha256", Buffer.from(`${mark} ${number}\n`), rows));

/** Not known to who chooses names, so that he cannot have all of them in one block. */
const seedOf = ({ digest }: IndexedPlace): number => Number.parseInt(digest.slice(0, 8), 16);

/** FNV-1a. */
export function blockOf(key: string, seed: number, blocks: number): number {
  let mixed = seed;
  for (let at = 0; at < key.length; at += 1) mixed = Math.imul(mixed ^ key.charCodeAt(at), 0x01000193);
  return ((mixed ^ (mixed >>> 15)) >>> 0) % blocks;
}

const BLOCK_BYTES = 2048;

/** The index of what these tables hold. */
export function renderIndex({ place, state, tables }: Omit<RecordIndex, "program">): Buffer {
  const seed = seedOf(place);
  const drawn = tables.map((table) => blocksOf(table, seed));
  let at = 0;
  const heads = drawn.map((blocks, number): TableHead => {
    const head = { at, blocks: blocks.length, rows: tables[number]?.size ?? 0 };
    at += blocks.reduce((sum, rows) => sum + END_BYTES + DIGEST_BYTES + rows.length, 0);
    return head;
  });
  const head = Buffer.from(JSON.stringify({ program: PROGRAM, place, state, tables: heads } satisfies IndexHead));
  const digest = digestHex("sha256", head);
  const form = Buffer.from(`index of a signpolicy record 1 ${String(head.length).padStart(9, "0")} ${digest}\n`);
  return Buffer.concat([form, head, ...drawn.flatMap((blocks, table) => sealed(blocks, `${digest} ${table}`))]);
}

/** Rows as JSON, each where `blockOf` looks for it. */
function blocksOf(table: Table, seed: number): readonly Buffer[] {
  const rows = [...table.rows()].map((row) => ({ key: row[0], text: JSON.stringify(row) }));
  const blocks = Math.ceil(rows.reduce((sum, { text }) => sum + text.length + 1, 0) / BLOCK_BYTES);
  const texts = Array.from({ length: blocks }, (): string[] => []);
  for (const { key, text } of rows) texts[blockOf(key, seed, blocks)]?.push(text);
  return texts.map((some) => Buffer.from(`[${some.join(",")}]`));
}

/** Where each block ends, and the blocks with their digests. */
function sealed(blocks: readonly Buffer[], mark: string): readonly Buffer[] {
  const ends = Buffer.alloc(blocks.length * END_BYTES);
  let end = 0;
  for (const [number, rows] of blocks.entries()) {
    end += DIGEST_BYTES + rows.length;
    ends.writeUInt32LE(end, number * END_BYTES);
  }
  return [ends, ...blocks.flatMap((rows, number) => [digestBlock(mark, number, rows), rows])];
}

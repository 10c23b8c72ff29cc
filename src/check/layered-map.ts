import type { ObjectId } from "../model.ts";

/** A line of a table: what it is found by, and what belongs to that. */
export type Row = readonly [key: string, ...values: (string | null)[]];

/** Rows that lie somewhere else and need not all be read. */
export interface Table {
  readonly size: number;
  row(key: string): Row | undefined;
  rows(): Iterable<Row>;
}

/** What lies under a map. */
interface Ground<V> {
  readonly table: Table;
  readonly read: (row: Row) => V;
}

type Change<V> = (value: V | undefined) => V | undefined;

/**
 * A map over a table of which no more is read than is asked for. Without a table it is a map, in the order in which keys
 * came in; with one it has no order.
 */
export class LayeredMap<K extends string, V> {
  readonly #over = new Map<K, V | undefined>();
  /** Changes of what lies below, made when that is asked for. */
  readonly #changes = new Map<K, Change<V>[]>();
  #ground: Ground<V> | null = null;

  /** Empties it, and lays this under it. */
  lay(table: Table, read: (row: Row) => V): void {
    this.clear();
    this.#ground = { table, read };
  }

  get(key: K): V | undefined {
    this.#settle(key);
    return this.#over.has(key) ? this.#over.get(key) : this.#below(key);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    this.#changes.delete(key);
    this.#over.set(key, value);
  }

  delete(key: K): void {
    this.#changes.delete(key);
    if (this.#ground === null) this.#over.delete(key);
    else this.#over.set(key, undefined);
  }

  /** As `set` of what `change` makes of the present value, which need not be read for it. */
  change(key: K, change: (value: V | undefined) => V): void {
    if (this.#ground === null || this.#over.has(key)) {
      this.set(key, change(this.get(key)));
      return;
    }
    const changes = this.#changes.get(key) ?? [];
    changes.push(change);
    this.#changes.set(key, changes);
  }

  clear(): void {
    this.#over.clear();
    this.#changes.clear();
    this.#ground = null;
  }

  get size(): number {
    if (this.#ground === null) return this.#over.size;
    this.#settleAll();
    let { size } = this.#ground.table;
    for (const [key, value] of this.#over) {
      size += Number(value !== undefined) - Number(this.#below(key) !== undefined);
    }
    return size;
  }

  *[Symbol.iterator](): Generator<[K, V]> {
    this.#settleAll();
    if (this.#ground !== null) {
      const { table, read } = this.#ground;
      for (const row of table.rows()) if (!this.#over.has(row[0] as K)) yield [row[0] as K, read(row)];
    }
    for (const [key, value] of this.#over) if (value !== undefined) yield [key, value];
  }

  *keys(): Generator<K> {
    for (const [key] of this) yield key;
  }

  #below(key: K): V | undefined {
    const row = this.#ground?.table.row(key);
    return row === undefined ? undefined : this.#ground?.read(row);
  }

  #settle(key: K): void {
    const changes = this.#changes.get(key);
    if (changes === undefined) return;
    this.#changes.delete(key);
    this.#over.set(
      key,
      changes.reduce((value, change) => change(value), this.#below(key)),
    );
  }

  #settleAll(): void {
    for (const key of [...this.#changes.keys()]) this.#settle(key);
  }
}

/** A set of commits over such a table. */
export class LayeredSet {
  readonly #members = new LayeredMap<ObjectId, true>();

  lay(table: Table): void {
    this.#members.lay(table, () => true);
  }

  has(oid: ObjectId): boolean {
    return this.#members.has(oid);
  }

  add(oid: ObjectId): void {
    this.#members.set(oid, true);
  }

  delete(oid: ObjectId): void {
    this.#members.delete(oid);
  }

  clear(): void {
    this.#members.clear();
  }

  get size(): number {
    return this.#members.size;
  }

  [Symbol.iterator](): Iterator<ObjectId> {
    return this.#members.keys();
  }
}

/** Where a state that was written whole lacks a table. */
export function noTable(): never {
  throw new Error("a state without one of its tables");
}

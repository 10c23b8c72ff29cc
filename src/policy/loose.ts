/**
 * Looks into a file that may be wrong anywhere: what is not of the right kind is as if it were not there, since the
 * schema has said so already. So the checks across values tell their own mistakes in the same run.
 */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const mappingOf = (value: unknown): Mapping => (isMapping(value) ? value : {});

export const entriesOf = (value: unknown): readonly (readonly [string, Mapping])[] =>
  Object.entries(mappingOf(value)).map(([key, member]) => [key, mappingOf(member)]);

export const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? (value as readonly unknown[]) : [];

/** The texts of a list, each with its index. */
export const textsOf = (value: unknown): readonly (readonly [number, string])[] =>
  listOf(value).flatMap((item, index) => (typeof item === "string" ? [[index, item] as const] : []));

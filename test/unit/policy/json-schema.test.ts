import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { policyJsonSchema } from "../../../src/policy/json-schema.ts";

interface Schema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: string;
  readonly additionalProperties?: false | Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

/** Every named field with its path. */
const fieldsOf = (schema: Schema, path = "$"): readonly (readonly [string, Schema])[] => [
  ...Object.entries(schema.properties ?? {}).flatMap(([key, field]) => [
    [`${path}.${key}`, field] as const,
    ...fieldsOf(field, `${path}.${key}`),
  ]),
  ...(schema.items === undefined ? [] : fieldsOf(schema.items, `${path}[]`)),
  ...(typeof schema.additionalProperties === "object" ? fieldsOf(schema.additionalProperties, `${path}.*`) : []),
];

const schema = policyJsonSchema() as Schema;

describe("policyJsonSchema", () => {
  it("is what config/signpolicy.schema.json holds (npm run gen)", () => {
    expect(JSON.parse(readFileSync("config/signpolicy.schema.json", "utf8"))).toEqual(schema);
  });
  it("describes every field", () => {
    const fields = fieldsOf(schema);
    expect(fields.length).toBeGreaterThan(40);
    expect(fields.filter(([, { description }]) => description === undefined).map(([path]) => path)).toEqual([]);
  });
  it("shows an example of every text and number", () => {
    const bare = fieldsOf(schema).filter(
      ([, { type, examples }]) => ["string", "integer"].includes(type ?? "") && examples === undefined,
    );
    expect(bare.map(([path]) => path)).toEqual([]);
  });
  it("knows no other key anywhere", () => {
    const objects = [["$", schema] as const, ...fieldsOf(schema)].filter(
      ([, { properties }]) => properties !== undefined,
    );
    expect(objects.filter(([, field]) => field.additionalProperties !== false).map(([path]) => path)).toEqual([]);
  });
});

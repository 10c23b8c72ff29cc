import * as z from "zod/mini";
import { policySchema } from "./schema.ts";

/** Where the schema of this version of the format is published with the package. */
const ID = "https://unpkg.com/signpolicy/config/signpolicy.schema.json";

/**
 * The policy format as a JSON Schema (draft 2020-12), for editors: shapes, descriptions and examples. What takes two
 * values to see, and what a pattern cannot say, is left to `policy check`.
 */
export function policyJsonSchema(): object {
  const { $schema, required = [], ...schema } = z.toJSONSchema(policySchema, { io: "input" });
  return {
    $schema,
    $id: ID,
    title: "signpolicy policy",
    ...schema,
    required: required.filter((key) => key !== "rules"),
    // Every preset supplies rules.
    anyOf: [{ required: ["rules"] }, { required: ["preset"] }],
  };
}

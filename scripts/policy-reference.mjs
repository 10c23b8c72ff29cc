// Every field of the policy file as tables in Markdown, from its JSON Schema: what a field may hold, and what it means.

const INTRODUCTION = `# The policy file, field by field

Made from the schema by \`npm run gen\`; [policy.md](policy.md) explains what the fields do together. A field that is not listed
here is an error. \`signpolicy policy schema\` prints the JSON Schema, which editors take from \`$schema\`.
`;

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const code = (text) => `\`${text}\``;

const isObject = (schema) => schema.type === "object" && schema.properties !== undefined;
const isNamed = (schema) => schema.type === "object" && schema.additionalProperties?.type !== undefined;

/** The object whose fields stand one level below, and how its path is written. */
function below(schema, path) {
  if (isObject(schema)) return [[schema, path]];
  if (isNamed(schema)) return below(schema.additionalProperties, `${path}.NAME`);
  if (schema.type === "array" && schema.items !== undefined) return below(schema.items, `${path}[]`);
  return [];
}

function kind(schema) {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.anyOf !== undefined && schema.type === undefined) return schema.anyOf.map(kind).join(" or ");
  if (isNamed(schema)) return `for each name: ${kind(schema.additionalProperties)}`;
  if (isObject(schema)) return "object";
  if (schema.type === "array") return `list of ${plural(schema.items)}`;
  if (schema.type === "integer") return range(schema);
  return { string: "text", boolean: "`true` or `false`", number: "number" }[schema.type] ?? schema.type;
}

const plural = (schema) => {
  if (schema.enum !== undefined) return kind(schema);
  return isObject(schema) ? "objects" : "texts";
};

function range({ minimum, maximum }) {
  return maximum === Number.MAX_SAFE_INTEGER
    ? `whole number from ${minimum}`
    : `whole number, ${minimum} to ${maximum}`;
}

function example(schema) {
  const [first] = schema.examples ?? schema.items?.examples ?? [];
  if (first === undefined || schema.enum !== undefined) return "";
  const shown = schema.type === "array" && !Array.isArray(first) ? [first] : first;
  return code(typeof shown === "string" ? shown : JSON.stringify(shown));
}

function row(name, schema, isRequired) {
  const say = schema.description ?? schema.items?.description ?? schema.additionalProperties?.description ?? "";
  return `| ${code(name)} | ${cell(kind(schema))} | ${isRequired ? "yes" : ""} | ${cell(say)} | ${cell(example(schema))} |`;
}

const choice = (alternatives) => alternatives.map(({ required }) => required.map(code).join(" and ")).join(" or ");

/** What must be there beside the fields that are required alone; that exactly one of several must, the descriptions say. */
const constraint = ({ anyOf }) => (anyOf === undefined ? "" : `\nIt has at least ${choice(anyOf)}.\n`);

function section(schema, path, heading) {
  const rows = Object.entries(schema.properties).map(([name, field]) =>
    row(name, field, schema.required?.includes(name) ?? false),
  );
  const say = schema.description === undefined ? "" : `\n${schema.description}.\n`;
  const deeper = Object.entries(schema.properties).flatMap(([name, field]) =>
    below(field, path === "" ? name : `${path}.${name}`),
  );
  return [
    `\n## ${heading}\n${say}${constraint(schema)}\n| field | holds | required | meaning | for example |\n| --- | --- | --- | --- | --- |\n${rows.join("\n")}\n`,
    ...deeper.flatMap(([object, where]) => section(object, where, code(where))),
  ];
}

/** @returns the page as text; not laid out in columns, which would make it half as long again */
export const renderPolicyReference = (schema) => [INTRODUCTION, ...section(schema, "", "The file")].join("");

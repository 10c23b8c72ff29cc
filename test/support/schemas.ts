/** The official schemas of the formats that CI and forges read. */
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { XmlDocument, XsdValidator } from "libxml2-wasm";

const require = createRequire(import.meta.url);
/** `@microsoft/jest-sarif` ships OASIS' schema; its matcher would need its own expect. */
const beside = createRequire(require.resolve("@microsoft/jest-sarif"));

interface Ajv {
  addMetaSchema(schema: object): void;
  compile(schema: object): ((value: unknown) => boolean) & { readonly errors?: unknown };
}

/** What is wrong with a SARIF 2.1.0 log by its schema; empty when nothing is. */
export function sarifErrors(text: string): unknown {
  const Validator = beside("ajv") as new (options: object) => Ajv;
  const ajv = new Validator({ schemaId: "auto", allErrors: true, unknownFormats: "ignore" });
  ajv.addMetaSchema(beside("ajv/lib/refs/json-schema-draft-04.json") as object);
  const check = ajv.compile(beside("./schemas/sarif-2.1.0-rtm.5.json") as object);
  return check(JSON.parse(text)) ? [] : check.errors;
}

/** By the schema of Jenkins (test/schemas/jenkins-junit.xsd, MIT, © Thales Corporate Services). */
export function junitErrors(text: string): unknown {
  const schema = XmlDocument.fromBuffer(readFileSync(new URL("../schemas/jenkins-junit.xsd", import.meta.url)));
  const validator = XsdValidator.fromDoc(schema);
  try {
    const document = XmlDocument.fromString(text);
    validator.validate(document);
    document.dispose();
    return [];
  } catch (error) {
    return (error as Error).message;
  } finally {
    validator.dispose();
    schema.dispose();
  }
}

/** The text of every element and attribute, as a reader gets it: what was escaped is whole again. */
export function xmlTexts(text: string, xpath: string): readonly string[] {
  const document = XmlDocument.fromString(text);
  try {
    return document.find(xpath).map((node) => node.content);
  } finally {
    document.dispose();
  }
}

/**
 * GitLab's documentation of its report, row by row: each of these fields is required, severity is one of five. That is more than
 * the schema by which GitLab takes a report (`app/validators/json_schemas/codeclimate.json`) asks for: an object with a string
 * as `description`, `fingerprint` and `severity`, and a `location` whose `path` is a string and whose line is an integer.
 */
export function gitlabErrors(text: string): readonly string[] {
  const issues = JSON.parse(text) as readonly Record<string, unknown>[];
  return issues.flatMap((issue, index) => {
    const location = issue["location"] as { path?: unknown; lines?: { begin?: unknown } } | undefined;
    const wrong = [
      ...["description", "check_name", "fingerprint"].filter((field) => typeof issue[field] !== "string"),
      ...(["info", "minor", "major", "critical", "blocker"].includes(issue["severity"] as string) ? [] : ["severity"]),
      ...(typeof location?.path === "string" && !location.path.startsWith("./") ? [] : ["location.path"]),
      ...(Number.isInteger(location?.lines?.begin) ? [] : ["location.lines.begin"]),
    ];
    return wrong.map((field) => `issue ${index}: ${field}`);
  });
}

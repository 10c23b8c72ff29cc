/** The schemas by which GitHub's own language service and runner read `action.yml` and workflows. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { JSONObjectReader } from "@actions/workflow-parser/templates/json-object-reader";
import { TemplateSchema } from "@actions/workflow-parser/templates/schema/template-schema";
import { TemplateContext, TemplateValidationErrors } from "@actions/workflow-parser/templates/template-context";
import { readTemplate } from "@actions/workflow-parser/templates/template-reader";
import { NoOperationTraceWriter } from "@actions/workflow-parser/templates/trace-writer";
import { YamlObjectReader } from "@actions/workflow-parser/workflows/yaml-object-reader";

const folder = join("node_modules", "@actions", "workflow-parser", "dist");

/** The package's own entries import their JSON in a way that neither Node nor jest will go on taking. */
function errorsBy(schemaFile: string, root: string, text: string): readonly string[] {
  const schema = TemplateSchema.load(new JSONObjectReader(undefined, readFileSync(join(folder, schemaFile), "utf8")));
  const context = new TemplateContext(new TemplateValidationErrors(), schema, new NoOperationTraceWriter());
  const file = context.getFileId(schemaFile);
  const reader = new YamlObjectReader(file, text);
  if (reader.errors.length > 0) return reader.errors.map(({ message }) => message);
  readTemplate(context, root, reader, file);
  return context.errors.getErrors().map(({ message }) => message);
}

/** What is wrong with an `action.yml`; empty when nothing is. */
export const actionErrors = (text: string): readonly string[] =>
  errorsBy("action-v1.0.min.json", "action-root-strict", text);

/** What is wrong with a workflow. */
export const workflowErrors = (text: string): readonly string[] =>
  errorsBy("workflow-v1.0.min.json", "workflow-root-strict", text);

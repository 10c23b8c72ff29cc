// Writes what is made from the source: config/signpolicy.schema.json from the policy's zod schema. With --check it only
// compares, so that a change of the schema cannot land without the file that editors read.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "config", "signpolicy.schema.json");

/** Node 20 does not read TypeScript: the module goes through the bundler first. */
async function importSource(path) {
  const folder = mkdtempSync(join(root, "node_modules", ".signpolicy-gen-"));
  try {
    const bundle = await rolldown({ input: join(root, path), platform: "node", logLevel: "warn" });
    await bundle.write({ file: join(folder, "module.mjs"), format: "esm" });
    await bundle.close();
    return await import(pathToFileURL(join(folder, "module.mjs")).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function present() {
  try {
    return readFileSync(target, "utf8");
  } catch {
    return null;
  }
}

const { policyJsonSchema } = await importSource("src/policy/json-schema.ts");
const made = `${JSON.stringify(policyJsonSchema(), null, 2)}\n`;
if (!process.argv.includes("--check")) writeFileSync(target, made);
else if (present() !== made) {
  console.error("config/signpolicy.schema.json is not what the source makes: npm run gen");
  process.exitCode = 1;
}

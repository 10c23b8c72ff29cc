// Writes sbom.cdx.json: a CycloneDX bill of what the package runs, its one dependency and what is bundled into dist/, each with
// the digest that the lock file has. `npm sbom` knows the packages and not which of them the bundle holds; that the build
// wrote into dist/THIRD-PARTY.txt. The same commit gives the same bytes.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const { name } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

const bundled = new Set(
  [...readFileSync(join(root, "dist", "THIRD-PARTY.txt"), "utf8").matchAll(/^ {2}(\S+) (\S+) \(/gm)].map(
    ([, packageName, version]) => `${packageName}@${version}`,
  ),
);

const words = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];
const all = JSON.parse(execFileSync("npm", words, { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 }));

const isBundled = (component) => bundled.has(`${component.name}@${component.version}`);
const isInstalled = ({ properties = [] }) =>
  !properties.some((one) => one.name === "cdx:npm:package:development" && one.value === "true");

const components = all.components
  .filter((component) => isBundled(component) || isInstalled(component))
  .map((component) =>
    isBundled(component)
      ? { ...component, scope: "required", properties: [{ name: "signpolicy:bundled", value: "true" }] }
      : component,
  );
const found = new Set(components.map((component) => `${component.name}@${component.version}`));
const missing = [...bundled].filter((one) => !found.has(one));
if (missing.length > 0) throw new Error(`bundled, and not in package-lock.json: ${missing.join(", ")}`);

const refs = new Set([all.metadata.component["bom-ref"], ...components.map((component) => component["bom-ref"])]);
const dependencies = all.dependencies
  .filter(({ ref }) => refs.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => refs.has(one)) }));

/** When the commit was made, so that nothing here depends on the day; nothing where there is no git. */
function timestamp() {
  try {
    const words = ["log", "-1", "--format=%cI"];
    const said = execFileSync("git", words, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    return { timestamp: new Date(said.trim()).toISOString() };
  } catch {
    return {};
  }
}

const { timestamp: _, ...metadata } = all.metadata;
const bill = {
  ...all,
  serialNumber: undefined,
  metadata: { ...timestamp(), ...metadata, component: { ...metadata.component, name } },
  components,
  dependencies,
};
// RFC 9562 §5.8: a UUID of our own making, from what it names.
const digest = createHash("sha256").update(JSON.stringify(bill)).digest("hex");
const uuid = [
  digest.slice(0, 8),
  digest.slice(8, 12),
  `8${digest.slice(13, 16)}`,
  `8${digest.slice(17, 20)}`,
  digest.slice(20, 32),
].join("-");
writeFileSync(join(root, "sbom.cdx.json"), `${JSON.stringify({ ...bill, serialNumber: `urn:uuid:${uuid}` })}\n`);

// Bundles src/ into dist/: one small entry that every hook starts, and a chunk for each thing a hook need not load.
// CommonJS, because Node 20 starts it several milliseconds sooner than a module. `openpgp` (LGPL) is never bundled.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderNotices } from "./third-party.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const entry = join(root, "dist", "signpolicy.cjs");

/**
 * What cosmiconfig's own loaders need, which are never asked for a policy (src/io/policy-file.ts). Left out, no file of code
 * can be loaded through it even by mistake, and a hook reads a fifth of what it would have to. When it is constructed it
 * looks for its own settings in the package.json beside our bundle: that much JSON it gets.
 */
const LOADERS = new Map([
  ["parse-json", "module.exports = JSON.parse;"],
  ...["import-fresh", "js-yaml", "typescript"].map((id) => [id, `throw new Error("${id} is not part of signpolicy");`]),
]);
const leaveOutLoaders = {
  name: "leave-out-loaders",
  resolveId: (id, importer) =>
    LOADERS.has(id) && /[\\/]node_modules[\\/]cosmiconfig[\\/]/.test(importer ?? "") ? `\0loader:${id}` : null,
  load: (id) => (id.startsWith("\0loader:") ? { code: LOADERS.get(id.slice(8)), moduleType: "js" } : null),
};

const newest = (dir) =>
  readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((file) => file.isFile())
    .reduce((time, file) => Math.max(time, statSync(join(file.parentPath, file.name)).mtimeMs), 0);

function isStale() {
  try {
    const inputs = ["package.json", "package-lock.json", "scripts/build.mjs", "scripts/third-party.mjs"].map(
      (file) => statSync(join(root, file)).mtimeMs,
    );
    return Math.max(newest(join(root, "src")), ...inputs) > statSync(entry).mtimeMs;
  } catch {
    return true;
  }
}

if (!process.argv.includes("--if-stale") || isStale()) {
  const { rolldown } = await import("rolldown");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const bundle = await rolldown({
    input: { signpolicy: join(root, "src/cli/main.ts") },
    platform: "node",
    external: ["openpgp"],
    // The package's node build is CommonJS, of which everything would be bundled; its module build does the same here.
    resolve: { alias: { yaml: join(root, "node_modules/yaml/browser/index.js") } },
    plugins: [leaveOutLoaders],
    transform: { define: { SIGNPOLICY_VERSION: JSON.stringify(version) } },
    logLevel: "warn",
  });
  rmSync(join(root, "dist"), { recursive: true, force: true });
  const { output } = await bundle.write({
    dir: join(root, "dist"),
    format: "cjs",
    entryFileNames: "[name].cjs",
    chunkFileNames: "[name]-[hash].cjs",
    minify: { compress: true, mangle: false },
    banner: (chunk) => (chunk.isEntry ? "#!/usr/bin/env node" : ""),
  });
  await bundle.close();
  chmodSync(entry, 0o755);
  const modules = output.flatMap((chunk) => chunk.moduleIds ?? []);
  writeFileSync(join(root, "dist", "THIRD-PARTY.txt"), renderNotices(modules));
  writeFileSync(join(root, "dist", "package.json"), '{ "type": "commonjs" }\n');
}

/**
 * What starts in the one-file program, in place of `start.ts`. The files of the bundle lie in it as they are, with their
 * compiled code: node's `require` finds only its own modules there, and `import()` nothing at all, so this is what loads.
 */
import Module from "node:module";
import { join, parse } from "node:path";
import { Script } from "node:vm";
import { HEAD_BYTES, partIn, wrapped } from "../io/compiled-code.ts";
import { assetBytes, assetText, COMPILED_ASSET, OPENPGP_ASSET } from "../io/executable.ts";

/** Node's own modules, which are all that it finds here. */
const builtin: NodeJS.Require = require;
const loaded = new Map<string, NodeJS.Module>();
const compiled = assetBytes(COMPILED_ASSET);
const head = compiled.subarray(0, HEAD_BYTES);

/**
 * Where the bundle's files claim to be. What is read beside them (by cosmiconfig, once, its own settings) lies in a folder
 * that root alone can write; the executable's own may be anybody's.
 */
const folder = parse(process.execPath).root;

function load(name: string): unknown {
  if (!name.startsWith("./") && name !== "openpgp") return builtin(name);
  const asset = name === "openpgp" ? OPENPGP_ASSET : name.slice(2);
  const known = loaded.get(asset);
  if (known !== undefined) return known.exports;
  const path = join(folder, asset);
  const module = new Module(path);
  module.filename = path;
  loaded.set(asset, module);
  const part = partIn(head, name);
  const cachedData = part === null ? undefined : compiled.subarray(part.at, part.at + part.length);
  const script = new Script(wrapped(assetText(asset)), { filename: path, ...(cachedData && { cachedData }) });
  const run = script.runInThisContext() as (...names: unknown[]) => void;
  run.call(module.exports, module.exports, load, module, path, folder);
  module.loaded = true;
  return module.exports;
}

load(SIGNPOLICY_MAIN);

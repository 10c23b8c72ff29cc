// The licences of what the bundle holds: MIT, ISC and BSD ask that their text travels with every copy, and a bundler
// leaves it behind. A bundled package without a licence file fails the build, and so does one whose licence asks for more
// than that (`openpgp` is LGPL: it stays a dependency that anyone can replace).
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const PERMISSIVE = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD", "Python-2.0"]);

/** The text of `dist/THIRD-PARTY.txt` for the modules that went into a bundle. */
export function renderNotices(moduleIds) {
  const folders = new Set(moduleIds.map(packageFolder).filter((folder) => folder !== null));
  const notices = [...folders].map(readNotice).sort((a, b) => (a.name < b.name ? -1 : 1));
  const list = notices.map(({ name, version, licence }) => `  ${name} ${version} (${licence})`).join("\n");
  const texts = notices.map(({ name, version, text }) => `${"=".repeat(80)}\n${name} ${version}\n\n${text.trim()}\n`);
  return `The files beside this one hold code of these packages:\n\n${list}\n\n${texts.join("\n")}`;
}

/** The folder of the package that a bundled module came from; null for our own. */
export function packageFolder(moduleId) {
  const path = moduleId.replace(/\?.*$/, "");
  const found = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path);
  if (found === null || moduleId.startsWith("\0")) return null;
  return found[1];
}

function readNotice(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (!PERMISSIVE.has(license)) throw new Error(`${name} ${version} is bundled under ${license}`);
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`${name} ${version} is bundled and has no licence file`);
  return { name, version, licence: license, text: readFileSync(join(folder, file), "utf8") };
}

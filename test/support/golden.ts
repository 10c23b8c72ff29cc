import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";

const folder = fileURLToPath(new URL("../golden/", import.meta.url));

/** `npm run gen:golden` sets UPDATE_GOLDEN=1: then the file is written and git shows what changed. */
const isUpdate = process.env["UPDATE_GOLDEN"] === "1";

/** The text is, to the byte, that of a file under test/golden. */
export function expectGolden(name: string, text: string): void {
  const file = join(folder, name);
  if (isUpdate) {
    mkdirSync(dirname(file), { recursive: true });
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
}

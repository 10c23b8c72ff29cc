import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, it } from "@jest/globals";
import { missingTools, runScenario } from "../support/scenario.ts";

const folder = fileURLToPath(new URL("scenarios/", import.meta.url));

describe("scenario", () => {
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".txt"))) {
    const missing = missingTools(join(folder, name));
    const title = name.replace(/\.txt$/, "").replaceAll("-", " ");
    if (missing.length > 0) it.skip(`${title} (skipped: no ${missing.join(", ")})`, () => undefined);
    else it(title, () => runScenario(join(folder, name)), 120_000);
  }
});

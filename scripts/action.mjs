// What action.yml runs: builds signpolicy in its own folder where it is not built yet, then `signpolicy ci` in the checkout. npm
// is started in the action's folder alone, so that no `.npmrc` or `package.json` of the repository that is judged is read.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "dist", "signpolicy.cjs");
const asked = (name) => process.env[`SIGNPOLICY_${name}`] ?? "";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `signpolicy: error: node ${process.versions.node} is too old; signpolicy: hint: actions/setup-node with 22`,
  );
  process.exit(3);
}

function run(command, argv, options = {}) {
  const { status, error } = spawnSync(command, argv, { stdio: "inherit", ...options });
  if (error !== undefined) console.error(`signpolicy: error: cannot run ${command}: ${error.message}`);
  return status ?? 3;
}

if (!existsSync(program) || !existsSync(join(root, "node_modules", "openpgp"))) {
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const options = { cwd: root, shell: process.platform === "win32" };
  const built =
    run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], options) ||
    run(process.execPath, [join(root, "scripts", "build.mjs")], options);
  if (built !== 0) process.exit(3);
}

const reports = asked("REPORT")
  .split("\n")
  .map((line) => line.trim())
  .filter((line) => line !== "");
const words = [
  ...["AS", "POLICY", "POLICY_REF"].flatMap((name) =>
    asked(name) === "" ? [] : [`--${name.toLowerCase().replace("_", "-")}=${asked(name)}`],
  ),
  ...(asked("FULL") === "true" ? ["--full"] : []),
  ...(asked("BY_MERGE") === "true" ? ["--by-merge"] : []),
  ...reports.map((report) => `--report=${report}`),
];
const place = asked("DIRECTORY") === "" ? [] : ["-C", asked("DIRECTORY")];
process.exit(run(process.execPath, [program, ...place, "ci", ...words]));

/** Every sentence the command line says by itself: lower case, no final period (style.md §19). */
export const interrupted = "interrupted; nothing was judged to the end";

export const noVerdict = "the process ended before it had a verdict";

export const internalError = (what: string): string => `internal error: ${what}`;

export const reportDefect = (version: string): string =>
  `this is a defect of signpolicy ${version}, not of your commits; please report it with the lines above`;

export const outputFailed = (why: string): string => `cannot write the report: ${why}`;

export const noSuchFolder = (folder: string): string => `cannot change to '${folder}': no such folder`;

export const formatNotBuilt = (format: string): string => `the format '${format}' is not built yet`;

export const unknownFormat = (format: string): string => `unknown format '${format}'`;

export const formatsAre = (formats: readonly string[]): string => `formats are ${formats.join(" and ")}`;

export const badTime = (text: string): string => `'${text}' is not a time`;

export const timeLooksLike = "a time looks like 2026-07-22T22:09:25Z, with its zone";

export const policyTwice = "give --policy or --policy-ref, not both";

export const unknownHook = (name: string): string => `unknown hook '${name}'`;

export const hooksAre = (names: readonly string[]): string => `hooks are ${names.join(", ")}`;

export const noHookName = "hook needs a name";

export const seeHelp = (command: string): string => `see '${command} --help'`;

export const gitSaid = (line: string): string => `git said: ${line}`;

export const onlyWithServer = (flag: string): string => `${flag} goes with --server`;

export const notWithServer = (flag: string): string => `${flag} does not go with --server`;

export const alreadySo = (what: string): string => `already: ${what}`;

export const nothingToChange = "nothing to change";

export const inRepository = (repository: string): string => `in ${repository}:`;

export const hooksWillRun = "the hooks are in place and will run";

export const progressLine = (counts: string): string => `${counts} checked`;

export const thenNeedsFile = "--then needs the hook to run afterwards";

export const cannotRun = (file: string, why: string): string => `cannot run ${file}: ${why}`;

export const noTarget = (text: string): string => `'${text}' is no range, ref or object id`;

export const note = (text: string): string => `note: ${text}`;

export const recordIsSound = (path: string): string =>
  `a sound record is there, nothing was changed (--anew begins another): ${path}`;

export const recordBegun = (path: string, rules: readonly string[]): string =>
  rules.length === 0
    ? `began ${path}; no rule has a baseline yet`
    : `began ${path}, with a baseline for ${rules.join(", ")}`;

export const policyWarning = (where: string, message: string): string => `warning: ${where}: ${message}`;

export const policyIsGood = (source: string, counts: string): string => `${source} is good: ${counts}`;

export const digestIs = (digest: string): string => `digest ${digest}`;

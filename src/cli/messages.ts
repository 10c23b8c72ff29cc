/** Every sentence the command line says by itself: lower case, no final period (style.md §19). */
export const interrupted = "interrupted; nothing was judged to the end";

export const noVerdict = "the process ended before it had a verdict";

export const internalError = (what: string): string => `internal error: ${what}`;

export const reportDefect = (version: string): string =>
  `this is a defect of signpolicy ${version}, not of your commits; please report it with the lines above`;

export const outputFailed = (why: string): string => `cannot write the report: ${why}`;

export const noSuchFolder = (folder: string): string => `cannot change to '${folder}': no such folder`;

export const unknownFormat = (format: string): string => `unknown format '${format}'`;

export const formatsAre = (formats: readonly string[]): string => `formats here are ${formats.join(", ")}`;

export const noReportFile = (text: string): string => `'${text}' names no format and file`;

export const reportLooksLike = "a report looks like sarif=report.sarif";

export const badTime = (text: string): string => `'${text}' is not a time`;

export const timeLooksLike = "a time looks like 2026-07-22T22:09:25Z, with its zone";

export const badDuration = (text: string): string => `'${text}' is not a length of time`;

export const durationLooksLike = "a length of time looks like 30d, 12h, 4w, 6m or 1y";

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

export const samePolicy = "the two policies say the same";

export const rootAndPolicy = "with --trust-root the history brings its own policy: leave out --policy and --policy-ref";

export const rootWithoutWalk = "--trust-root needs the history: leave out --no-walk";

export const judgedFor = (ref: string): string =>
  `who may make each change is told for ${ref}, where the policy governs from; on another ref it may be others: --as REF`;

export const noTarget = (text: string): string => `'${text}' is no range, ref or object id`;

export const note = (text: string): string => `note: ${text}`;

export const recordIsSound = (path: string): string =>
  `a sound record is there, nothing was changed (--anew begins another): ${path}`;

export const recordBegun = (path: string, rules: readonly string[]): string =>
  rules.length === 0
    ? `began ${path}; no rule has a baseline yet`
    : `began ${path}, with a baseline for ${rules.join(", ")}`;

export const recordResumed = (path: string, rules: readonly string[]): string =>
  `${path} goes on from what stands now${rules.length === 0 ? "" : `, with a baseline for ${rules.join(", ")}`}`;

export const recordAside = (folder: string): string => `what was there before is kept in ${folder}`;

export const recordProblem = (what: string): string => `problem: ${what}`;

export const recordHolds = (entries: number, files: number, from: string, to: string): string =>
  `${entries} ${entries === 1 ? "entry" : "entries"} in ${files} ${files === 1 ? "file" : "files"}, ${from} to ${to}`;

export const recordEndsAt = (seq: number, digest: string): string => `line ${seq} is the last, sha256:${digest}`;

export const recordCutOff =
  "a last line was cut off while it was written; what it would have said is judged again, and the next push mends it";

export const refMoved = (ref: string, left: string, stands: string): string =>
  `${ref} stands at ${stands}, the record left it at ${left}: it moved while the hook was off or before it could write that down, and is judged from there`;

export const recordSound = "the record is sound";

export const recordBroken = (hint: string): string => `the record is broken: ${hint}`;

export const policyWarning = (where: string, message: string): string => `warning: ${where}: ${message}`;

export const policyIsGood = (source: string, counts: string): string => `${source} is good: ${counts}`;

export const digestIs = (digest: string): string => `digest ${digest}`;

export const pageWritten = (file: string): string => `wrote ${file}`;

export const historyOrPushes = "--history and --pushes ask for different things; give one";

export const nothingDenied = "nothing would have been denied";

export const wouldBeDenied = (denied: number, warned: number, checked: number): string =>
  `would have been denied: ${denied} of ${checked}, warned about: ${warned}`;

export const nothingToLookAt = "nothing to look at";

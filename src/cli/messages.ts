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
  `${ref} stands at ${stands}, the record left it at ${left}: it moved while the hook was off, and is judged from there`;

export const recordSound = "the record is sound";

export const recordBroken = (hint: string): string => `the record is broken: ${hint}`;

export const policyWarning = (where: string, message: string): string => `warning: ${where}: ${message}`;

export const policyIsGood = (source: string, counts: string): string => `${source} is good: ${counts}`;

export const digestIs = (digest: string): string => `digest ${digest}`;

export const commitPolicy = (files: readonly string[], what: string): string =>
  `next: git add ${files.join(" ")} && git commit -S -m '${what}'`;

export const keyAdded = (format: string, fingerprint: string, principal: string): string =>
  `added ${format} key ${fingerprint} to ${principal}`;

export const principalMade = (principal: string, role: string, emails: readonly string[]): string =>
  `new principal ${principal} (${role}), who from now on owns ${emails.join(", ")}`;

export const keyKnown = (fingerprint: string): string => `already in the policy: ${fingerprint}`;

export const keyMarked = (what: string, fingerprint: string, principal: string): string =>
  `${what} ${fingerprint} of ${principal}`;

export const serialIs = (serial: number): string => `serial is now ${serial}`;

export const omitted = (what: string): string => `warning: left out: ${what}`;

export const signersWritten = (file: string): string => `wrote ${file}, and gpg.ssh.allowedSignersFile names it`;

export const unknownForm = (form: string, forms: readonly string[]): string =>
  `unknown form '${form}': forms are ${forms.join(", ")}`;

export const writeIsForSigners = "--write goes with allowed-signers alone";

export const keysAreGood = (count: string, within: string): string => `${count}: all can sign, also in ${within}`;

export const keylessPrincipal = (principal: string): string => `${principal} has no key that can sign today`;

export const revokedEntirely =
  "nothing it ever signed counts from now on; --since TIME would keep what the server had received before";

export const agentNeedsOwner = "an agent needs --owner: the principal who answers for it";

export const fixNeedsYes = "there is no terminal to ask on";

export const fixWithYes = "to run the safe commands without being asked: signpolicy doctor --fix --yes";

export const didFix = (command: string): string => `done: ${command}`;

export const couldNotFix = (command: string, why: string): string => `could not run ${command}: ${why}`;

export const stopped = "stopped; nothing further was changed";

export const baseOrRoot = "resign needs a base, or --root";

export const usualBase = "the base is the newest commit that stays: signpolicy resign origin/main";

export const nothingToResign = (commits: string): string => `nothing to sign: ${commits}, all signed well`;

export const wouldResign = (commits: string, where: string): string => `would sign ${commits} on ${where}`;

export const resigned = (commits: string, where: string, range: string): string =>
  `signed ${commits} on ${where} again (${range})`;

export const backupAt = (ref: string): string => `the old ones: ${ref} (to go back: git reset --keep ${ref})`;

export const staleTag = (tag: string): string => `warning: the tag ${tag} still names an old commit`;

export const initWithYes = "to take what is most likely: signpolicy init --yes";

export const joinWithYes = "to take what is most likely: signpolicy join --yes";

export const noKeyHere = "there is no key on this machine to sign with";

export const makeKey = "make one with --new-key, or name one with --key";

export const running = (command: string): string => `running: ${command}`;

export const noSuchOwnKey = (words: string): string => `'${words}' is none of the keys on this machine that can sign`;

export const ownKeysAre = (fingerprints: readonly string[]): string =>
  fingerprints.length === 0 ? "there is none; make one with --new-key" : `they are ${fingerprints.join(", ")}`;

export const signerWithoutKey = (email: string, issuer: string, commits: string): string =>
  `note: ${email} signed ${commits} with ${issuer}, whose certificate is not at hand; add it with: signpolicy keys add FILE`;

export const thenServer =
  "then, where it is enforced: signpolicy install --server DIR, or signpolicy verify in CI; others run: signpolicy join";

export const keyIsThere = (principal: string): string => `your key is in the policy already, as ${principal}'s`;

export const commitJoin = (principal: string): string =>
  `next: git commit -S -m 'Keys: ${principal}', and push it for a maintainer to take`;

export const proposeBranch = (branch: string): string =>
  `committed on ${branch}; next: push it for a maintainer to take`;

export const maintainerRuns = (command: string): string => `or a maintainer runs: ${command}`;

export const dryRunMakesNoKey = "--dry-run makes no key; name one with --key";

export const doctorMends = "signpolicy doctor --fix mends what is safe of that";

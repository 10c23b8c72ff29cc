/** Sentences of the commands that set a team up. No hook says one of them, so no hook loads them (messages.ts has the others). */
import { shellWord } from "../encoding/text.ts";
import { count, showText } from "../report/show.ts";

export * from "./messages.ts";

/** A path that no word of a shell stands for is shown, and not to be typed. */
export const commitPolicy = (files: readonly string[], what: string): string =>
  `next: git add ${files.map((file) => shellWord(file) ?? showText(file)).join(" ")} && git commit -S -m '${what}'`;

export const keyAdded = (format: string, fingerprint: string, principal: string): string =>
  `added ${format} key ${fingerprint} to ${principal}`;

export const principalMade = (principal: string, role: string, emails: readonly string[]): string =>
  `new principal ${principal} (${role}), who from now on owns ${emails.join(", ")}`;

/** Of a principal who is new: whoever expects to push to `main` is stopped at the first commit otherwise. */
export const notTakenBy = (principal: string, rules: readonly string[]): string =>
  `${rules.map((rule) => `"${rule}"`).join(", ")} ${rules.length === 1 ? "takes" : "take"} nothing signed by ${principal}; if that shall change, name ${principal} in a group that stands in \`signedBy\` there`;

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

export const revokesOneOrList = "keys revoke takes one key, or --from FILE";

export const markedAlready = (fingerprint: string): string => `already marked ${fingerprint}`;

export const noneListed = "the list names no key of the policy";

export const whatFalls = (fingerprint: string): string => `what falls with it: signpolicy keys blast ${fingerprint}`;

export const wouldFall = (fallen: number, fingerprint: string): string =>
  fallen === 0
    ? "nothing here falls with it"
    : `${fallen === 1 ? "1 commit or tag" : `${fallen} commits and tags`} here would be denied from now on: signpolicy keys blast ${fingerprint}`;

export const broughtIn = (fingerprint: string): string =>
  `${fingerprint} falls with it, which brought it in; if it is sound: signpolicy keys confirm ${fingerprint}`;

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

export const makeKey = (command: "init" | "join"): string =>
  `make one: signpolicy ${command} --yes --new-key; or give an expired one more time: gpg --quick-set-expire FINGERPRINT 1y`;

export const running = (command: string): string => `running: ${command}`;

export const noSuchOwnKey = (words: string): string => `'${words}' is none of the keys on this machine that can sign`;

export const ownKeysAre = (fingerprints: readonly string[]): string =>
  fingerprints.length === 0 ? "there is none; make one with --new-key" : `they are ${fingerprints.join(", ")}`;

export const signerWithoutKey = (email: string, issuer: string, commits: string): string =>
  `note: ${email} signed ${commits} with ${issuer}, whose certificate is not at hand; add it with: signpolicy keys add FILE`;

export const notOnThisMachine = (fingerprint: string): string =>
  `warning: ${fingerprint} signed commits under your e-mail and is not on this machine, so it was left out; if it is yours, add it with: signpolicy keys add`;

export const thenServer =
  "then push it; where it is enforced: signpolicy install --server DIR, or signpolicy ci in CI; others run: signpolicy join";

export const keyIsThere = (principal: string): string => `your key is in the policy already, as ${principal}'s`;

export const keyIsPending =
  "but not in the policy that judges pushes: they are refused until a maintainer has brought it there";

export const committedOn = (branch: string): string => `committed on ${branch}`;

/** A key never vouches for itself: what its own commit says is nothing to a policy that does not have it. */
export const maintainerRuns = (certificate: string | null, command: string, fingerprint: string): string => {
  const [file, lines] =
    certificate === null ? ["", []] : [", and the file that the first line writes", [`  ${certificate}`]];
  return [
    `next: send a maintainer this command${file}; they run it, ask you whether your key is ${fingerprint}, commit the change and push it:`,
    ...lines,
    `  ${command}`,
  ].join("\n");
};

/** What was changed here is then in the way of what the maintainer made of it. */
export const afterJoining = (undo: string): string =>
  `until then your pushes are refused; after that: ${undo} && git pull`;

export const dryRunMakesNoKey = "--dry-run makes no key; name one with --key";

export const doctorMends = "signpolicy doctor --fix mends what is safe of that";

/** `until` is null where an approval is taken back. */
export const approved = (count: number, ref: string, who: string, until: string | null): string => {
  const commits = count === 1 ? "1 commit" : `${count} commits`;
  return until === null
    ? `no longer approved by ${who} for ${ref}: ${commits}`
    : `approved by ${who} for ${ref} until ${until}: ${commits}`;
};

export const toShare = (remote: string, ref: string): string => `to share it: git push ${remote} ${ref}`;

export const noRemote = "it was stored here, but no remote is known to push it to";

export const whoSigns = (name: string, email: string, keys: string): string =>
  `you commit as ${name} <${email}>, and have ${keys} to sign with`;

export const whatIsSigned = (looked: number, signed: number, signers: number): string =>
  looked === 0
    ? "no commit is here yet"
    : `the newest ${count(looked, "commit")}: ${signed === 0 ? "none is signed" : `${signed} signed, by ${count(signers, "key")} that can be had`}`;

export const protects = (branches: readonly string[]): string => `protected: ${branches.join(", ")}`;

export const forgeSigned = (forge: string): string => `${forge} signed some of them itself`;

export const hooksGoTo = (husky: boolean): string => (husky ? "hooks: through husky" : "hooks: in git's own folder");

export const whoElse = "who else signed commits, and may from now on?";

export const whatWillBeDone = "what will be done";

export const whoJoins = (name: string, email: string, principal: string | null): string =>
  `you commit as ${name} <${email}>, ${principal === null ? "whom the policy does not know yet" : `who is ${principal} in the policy`}`;

export const commitOn = (principal: string): string => `commit it on a branch join/${principal}?`;

export const pushItself = (ref: string): string => `git push REMOTE ${ref}`;

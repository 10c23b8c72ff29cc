/**
 * Why a signing program failed, for people. gpg says it by numbers (doc/DETAILS, FAILURE and INV_SGNR; gpg-error.h), and
 * those are asked first; ssh-keygen says it in words alone. Nothing is decided by the answer but which advice is printed.
 */

import { shellWord } from "../encoding/text.ts";
import { installCommand } from "./signing-programs.ts";

export interface SignerRun {
  readonly format: "openpgp" | "ssh";
  readonly program: string;
  readonly key: string;
  /** The private file of an SSH key, where it is known. */
  readonly secret: string | null;
  /** Null when a signal ended it, or it could not be started at all. */
  readonly status: number | null;
  readonly started: boolean;
  readonly timedOut: boolean;
  readonly output: string;
}

export interface SignerFailure {
  readonly cause: string;
  readonly why: string;
  readonly fix: string;
  /** The words or numbers were captured from the real program (gpg 2.2, OpenSSH 9.2). */
  readonly verified: boolean;
}

type Known = Omit<SignerFailure, "verified"> & { readonly unverified?: true };
type Advice = (run: SignerRun) => Known;

const noTerminal: Advice = () => ({
  cause: "pinentry-no-terminal",
  why: "gpg could not ask for the passphrase: pinentry has no terminal; the fix belongs in your shell's start file, too",
  fix: "export GPG_TTY=$(tty); gpgconf --kill gpg-agent",
});
const wrongPassphrase: Advice = () => ({
  cause: "passphrase-wrong",
  why: "the passphrase was wrong",
  fix: "gpgconf --kill gpg-agent",
});
const noSecretKey: Advice = ({ key, program }) => ({
  cause: "no-secret-key",
  why: `${program} has no secret key ${key}: another gpg than the one you made it with, a card that is not plugged in, or never imported`,
  fix: `${program} --list-secret-keys --keyid-format long`,
});
const unusable: Advice = ({ key, program }) => ({
  cause: "key-unusable",
  why: `the key ${key} has expired, is revoked, or may not sign`,
  fix: `${program} --quick-set-expire ${fingerprintIn(key)} 1y && signpolicy keys renew ${fingerprintIn(key)}`,
});
const noAgent: Advice = () => ({
  cause: "agent-not-running",
  why: "gpg-agent does not run and could not be started (a home folder whose path is too long for a socket is one reason)",
  fix: "gpgconf --launch gpg-agent",
});
const card: Advice = () => ({
  cause: "card",
  why: "the smart card or security key does not answer: plug it in again",
  fix: "gpgconf --kill scdaemon",
  unverified: true,
});
const dismissed =
  (cause: string, why: string): Advice =>
  (run) => ({ cause, why: `${why}; once it was typed in a terminal, gpg-agent remembers it`, fix: tryOut(run) });

const fingerprintIn = (key: string): string => /[0-9A-F]{40,64}/i.exec(key)?.[0] ?? "FINGERPRINT";

/** Signs nothing of worth, and shows all that the program says or asks. */
const tryOut = ({ format, program, key }: SignerRun): string => {
  const [how, named] = [shellWord(program) ?? "PROGRAM", shellWord(key) ?? "KEY"];
  return format === "openpgp"
    ? `echo x | ${how} -u ${named} --clearsign >/dev/null`
    : `echo x | ${how} -Y sign -n test -f ${named} >/dev/null`;
};

/** gpg-error.h: the low sixteen bits of the number behind FAILURE. */
const GPG: ReadonlyMap<number, Advice> = new Map([
  [11, wrongPassphrase],
  [17, noSecretKey],
  [54, unusable],
  [62, dismissed("passphrase-timeout", "nobody typed the passphrase in time")],
  [77, noAgent],
  [
    85,
    () => ({
      cause: "pinentry-missing",
      why: "gpg-agent finds no pinentry to ask for the passphrase with: none is installed, or pinentry-program in gpg-agent.conf names none",
      fix: `${process.platform === "darwin" ? "brew install pinentry-mac" : "apt-get install pinentry-curses"} && gpgconf --kill gpg-agent`,
    }),
  ],
  [99, dismissed("passphrase-cancelled", "the question for the passphrase was dismissed")],
  [177, dismissed("passphrase-cancelled", "no passphrase was given")],
  [108, card],
  [109, card],
  [110, card],
  [112, card],
  [119, card],
  [0x8066, noTerminal],
]);

const secretOf = ({ secret }: SignerRun): string => shellWord(secret ?? "") ?? "THE-PRIVATE-KEY";

/** Words of OpenSSH and of agents that stand in for it, each at the start of a line or behind a colon. */
const SSH: readonly (readonly [pattern: RegExp, advice: Advice])[] = [
  [
    /UNPROTECTED PRIVATE KEY FILE/,
    (run) => ({
      cause: "permissions",
      why: `others may read the private key ${run.secret ?? run.key}, so ssh-keygen ignores it`,
      fix: `chmod 600 ${secretOf(run)}`,
    }),
  ],
  [
    /incorrect passphrase supplied/,
    (run) => ({
      cause: "passphrase-needed",
      why: `the key ${run.key} has a passphrase, and nobody could be asked for it`,
      fix: `ssh-add ${secretOf(run)}`,
    }),
  ],
  [
    /^No private key found for/m,
    (run) => ({
      cause: "no-private-key",
      why: `there is no private key beside ${run.key}, and no agent that SSH_AUTH_SOCK names has it`,
      fix: `ssh-add ${secretOf(run)}`,
    }),
  ],
  [
    /Couldn't find key in agent/,
    (run) => ({
      cause: "not-in-agent",
      why: "the ssh agent does not have the signing key",
      fix: `ssh-add ${secretOf(run)}`,
    }),
  ],
  [
    // A vault that is locked, or a touch that nobody gave, ends in either.
    /agent refused operation|communication with agent failed/,
    (run) => ({
      cause: "agent-refused",
      why: "the agent refused: the key wants a touch or a confirmation, or its vault is locked; unlock it, and give it while this runs",
      fix: tryOut(run),
    }),
  ],
  [
    /Couldn't get agent socket/,
    (run) => ({
      cause: "no-agent",
      why: "there is no ssh agent to ask",
      fix: `eval $(ssh-agent) && ssh-add ${secretOf(run)}`,
    }),
  ],
  [
    /Couldn't load public key .*: No such file/,
    ({ key }) => ({
      cause: "key-missing",
      why: `user.signingkey names ${key}, where no key can be read`,
      fix: "signpolicy join",
    }),
  ],
  [
    /invalid format/,
    ({ key }) => ({
      cause: "key-invalid",
      why: `user.signingkey names ${key}, which holds no key`,
      fix: "signpolicy join",
      unverified: true,
    }),
  ],
  [
    /^(?:unknown option|usage: ssh-keygen)/m,
    ({ program }) => ({
      cause: "ssh-keygen-too-old",
      why: `${program} cannot sign: OpenSSH 8.2 is the first that can`,
      fix: installCommand("ssh"),
    }),
  ],
];

/** Never null: what is not known is told in the program's own last words. */
export function classifySignerFailure(run: SignerRun): SignerFailure {
  const { program, format, output, started, timedOut, status } = run;
  const known = adviceFor(run)?.(run);
  if (known !== undefined) {
    const { unverified, ...failure } = known;
    return { ...failure, verified: unverified !== true };
  }
  if (!started) {
    return {
      cause: "program-missing",
      why: `${program} is not there, or cannot be run`,
      fix: installCommand(format),
      verified: true,
    };
  }
  if (timedOut) {
    return {
      cause: "timeout",
      why: `${program} did not answer in time: it may wait for a passphrase or a touch`,
      fix: tryOut(run),
      verified: true,
    };
  }
  if (status === 0) {
    return {
      cause: "no-signature",
      why: `${program} ended well and made no signature: it is no signing program`,
      fix: `git config --unset ${format === "ssh" ? "gpg.ssh.program" : "gpg.program"}`,
      verified: true,
    };
  }
  const words =
    output
      .trim()
      .split("\n")
      .filter((line) => !line.startsWith("[GNUPG:]"))
      .at(-1) ?? "";
  return {
    cause: "unknown",
    why: `${program} failed${words === "" ? "" : `: ${words}`}`,
    fix: tryOut(run),
    verified: false,
  };
}

function adviceFor({ format, output, started, timedOut }: SignerRun): Advice | undefined {
  if (!started || timedOut) return undefined;
  if (format === "ssh") return SSH.find(([pattern]) => pattern.test(output))?.[1];
  // gpg 2.4 goes on without its home, and then misses the key.
  if (/^gpg: Fatal: can't create directory|^\[GNUPG:\] ERROR add_keyblock_resource /m.test(output)) {
    return () => ({
      cause: "no-home",
      why: "gpg cannot make or read its home folder: GNUPGHOME or HOME names none of yours",
      fix: "unset GNUPGHOME",
    });
  }
  const failure = /^\[GNUPG:\] FAILURE sign (\d+)/m.exec(output)?.[1];
  return failure === undefined ? undefined : GPG.get(Number(failure) & 0xffff);
}

/** Rows about gpg, ssh and their agents, and the signature that is really made. */
import { constants } from "node:fs";
import { access, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readTextIfAny } from "../io/files.ts";
import { gpgPlace } from "../io/gpg.ts";
import { runProgram } from "../io/programs.ts";
import type { ProgramResult } from "../io/programs.ts";
import { createAnchors } from "../signature/anchors.ts";
import type { DoctorRow, Examination, Patient, Repair } from "./doctor.ts";
import { fail, pass, setting, warn } from "./doctor.ts";
import { otherKey, programSetting } from "./doctor-signing.ts";
import { shellWord } from "./hook-lines.ts";
import { exportKeys } from "./keys-export.ts";
import { privateFileOf } from "./own-keys.ts";
import { signLive } from "./sign-live.ts";
import type { SignerFailure } from "./signer-failure.ts";
import { installCommand, programFix } from "./signing-programs.ts";
import { expandHome } from "./signing-key.ts";
import { x509Rows } from "./doctor-x509.ts";

async function ask(
  { place, environment }: Patient,
  program: string,
  argv: readonly string[],
): Promise<ProgramResult | null> {
  return runProgram(program, argv, { cwd: place.top, environment, timeoutMs: 10_000 }).catch(() => null);
}

const gpgRows: Examination = async (patient) => {
  const { key, context, place, environment } = patient;
  if (key.kind !== "openpgp") return [];
  const { program } = gpgPlace(context.config, place.top, environment);
  const listing = await ask(patient, program, [
    "--batch",
    "--no-tty",
    "--with-colons",
    "--with-keygrip",
    "--list-secret-keys",
    "--",
    key.id,
  ]);
  const records = (listing?.stdout ?? "").split("\n").map((line) => line.split(":"));
  // doc/DETAILS of GnuPG: field 12 capabilities, field 15 `#` for a missing secret and a serial number for one on a card.
  const secrets = records.flatMap((fields, index) =>
    fields[0] === "sec" || fields[0] === "ssb"
      ? [{ fields, grip: records.slice(index).find(([type]) => type === "grp")?.[9] ?? "" }]
      : [],
  );
  const signing = secrets.filter(({ fields }) => /s/.test(fields[11] ?? ""));
  const rows: DoctorRow[] = [];
  const here = signing.find(({ fields }) => !(fields[14] ?? "").startsWith("#"));
  if (here === undefined) {
    const [fix, mends] = otherKey(patient);
    rows.push(
      fail(
        "gpg.secret",
        `${program} has no secret key that signs for ${key.id}; if it is on a card, plug that in`,
        mends === null ? `${program} --import YOUR-SECRET-KEY.asc` : fix,
        mends,
      ),
    );
  } else {
    const serial = here.fields[14] ?? "";
    rows.push(
      pass("gpg.secret", `${program} has the secret key${/^[0-9A-F]{10,}$/.test(serial) ? `, on card ${serial}` : ""}`),
    );
    rows.push(...(await cachedRow(patient, here.grip)));
  }
  return [
    ...rows,
    ...(await homeRows(patient)),
    ...(await terminalRows(
      patient,
      rows.some(({ id, status }) => id === "gpg.cached" && status === "warn"),
    )),
  ];
};

/** doc of gpg-agent, KEYINFO: field 7 is 1 when the passphrase is cached, field 8 is P when there is one. */
async function cachedRow(patient: Patient, grip: string): Promise<readonly DoctorRow[]> {
  const answer = await ask(patient, "gpg-connect-agent", ["keyinfo --list", "/bye"]);
  const line = answer?.stdout.split("\n").find((one) => one.startsWith(`S KEYINFO ${grip} `));
  if (line === undefined) return [];
  const [, , , , , , cached = "-", protection = "-"] = line.split(" ");
  if (protection !== "P") return [pass("gpg.cached", "the key needs no passphrase")];
  if (cached === "1") return [pass("gpg.cached", "gpg-agent remembers the passphrase")];
  if (patient.terminal) return [pass("gpg.cached", "gpg-agent will ask for the passphrase here")];
  return [
    warn(
      "gpg.cached",
      "the passphrase is not remembered, and nobody can be asked here",
      "echo x | gpg --clearsign >/dev/null",
    ),
  ];
}

async function homeRows(patient: Patient): Promise<readonly DoctorRow[]> {
  const listing = await ask(patient, "gpgconf", ["--list-dirs"]);
  const dir = (name: string): string | undefined =>
    new RegExp(`^${name}:(.*)$`, "m").exec(listing?.stdout ?? "")?.[1]?.replaceAll("%3a", ":");
  const home = dir("homedir");
  const socket = dir("agent-socket");
  if (home === undefined) return [];
  if (socket !== undefined && socket.length > 107) {
    return [fail("gpg.homedir", `the path of gpg-agent's socket is too long: ${socket}`, "export GNUPGHOME=~/.gnupg")];
  }
  const mode = (await stat(home).catch(() => null))?.mode;
  if (mode !== undefined && (mode & 0o077) !== 0 && process.platform !== "win32") {
    return [
      warn("gpg.homedir", `others may look into ${home}`, `chmod 700 ${home}`, {
        kind: "chmod",
        path: home,
        mode: 0o700,
      }),
    ];
  }
  return [pass("gpg.homedir", home)];
}

/** gpg-agent.conf, else what `pinentry` is on this machine: one for windows needs no terminal, one for terminals does. */
async function pinentryOf(patient: Patient): Promise<string | null> {
  const dirs = (await ask(patient, "gpgconf", ["--list-dirs"]))?.stdout ?? "";
  const home = /^homedir:(.*)$/m.exec(dirs)?.[1]?.replaceAll("%3a", ":") ?? "";
  const settings = (await readTextIfAny(join(home, "gpg-agent.conf")).catch(() => null)) ?? "";
  const chosen = /^[ \t]*pinentry-program[ \t]+(\S.*)$/m.exec(settings)?.[1]?.trim();
  const usual = /^pinentry:[^:]*:(.+)$/m.exec((await ask(patient, "gpgconf", []))?.stdout ?? "")?.[1];
  const path = chosen ?? usual;
  return path === undefined ? null : realpath(path).catch(() => path);
}

/** `asks`: gpg-agent would ask for the passphrase, which it does not remember. */
async function terminalRows(patient: Patient, asks: boolean): Promise<readonly DoctorRow[]> {
  const { environment, terminal } = patient;
  const windows = (environment["DISPLAY"] ?? environment["WAYLAND_DISPLAY"] ?? "") !== "";
  if (!terminal) {
    const pinentry = asks ? await pinentryOf(patient) : null;
    if (pinentry === null || !/-(?:curses|tty)$/.test(pinentry)) return [];
    const why = `${pinentry} asks on a terminal, and there is none here`;
    return [warn("gpg.tty", why, windows ? "apt-get install pinentry-gnome3" : "echo x | gpg --clearsign >/dev/null")];
  }
  if ((environment["GPG_TTY"] ?? "") !== "") return [pass("gpg.tty", `GPG_TTY is ${environment["GPG_TTY"] ?? ""}`)];
  if (windows || process.platform === "darwin") return [];
  return [
    warn(
      "gpg.tty",
      "GPG_TTY is not set: pinentry may find no terminal to ask on; it belongs in your shell's start file, too",
      "export GPG_TTY=$(tty)",
    ),
  ];
}

const sshRows: Examination = async (patient) => {
  if (patient.key.kind !== "ssh") return [];
  return [...(await keygenRow(patient)), ...(await sshKeyRows(patient)), ...(await signersRow(patient))];
};

async function keygenRow(patient: Patient): Promise<readonly DoctorRow[]> {
  const [, major = "", minor = ""] =
    /OpenSSH[\w_]*?_(\d+)\.(\d+)/.exec((await ask(patient, "ssh", ["-V"]))?.output ?? "") ?? [];
  if (major === "") return [];
  const version = Number(major) * 100 + Number(minor);
  const shown = `OpenSSH ${major}.${minor}`;
  if (version < 802)
    return [fail("ssh.keygen", `${shown} cannot sign; 8.2 is the first that can`, installCommand("ssh"))];
  if (version < 808)
    return [
      warn("ssh.keygen", `${shown} does not know valid-before in allowed_signers; 8.8 does`, installCommand("ssh")),
    ];
  return [pass("ssh.keygen", shown)];
}

async function sshKeyRows(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment, key } = patient;
  if (key.kind !== "ssh") return [];
  const named = context.config.get("user.signingkey") ?? "";
  const isFile = !/^(?:key::|ssh-|ecdsa-|sk-)/.test(named) && named !== "";
  const secret = resolve(place.top, expandHome(named, environment)).replace(/\.pub$/, "");
  const isHere = isFile && (await isReadable(secret));
  const beside = isHere ? null : await privateFileOf(key.blob, environment);
  const agent = await ask(patient, "ssh-add", ["-L"]);
  const isListed = agent?.stdout.includes(key.blob.toString("base64")) ?? false;
  // ssh-add(1): 1 is an agent without keys, 2 none that answers.
  const lacks =
    agent === null || agent.status === 2 ? "no ssh agent answers" : "the ssh agent runs without the signing key";
  const add = `${agent?.status === 0 || agent?.status === 1 ? "" : "eval $(ssh-agent) && "}ssh-add ${shellWord(beside ?? "THE-PRIVATE-KEY")}`;
  const rows: DoctorRow[] = [];
  if (isListed) rows.push(pass("ssh.agent", "the ssh agent has the signing key"));
  else if (isHere) rows.push(pass("ssh.agent", `${lacks}: git signs with the key file`));
  else rows.push(fail("ssh.agent", lacks, beside === null && agent?.status === 0 ? otherKey(patient)[0] : add));
  if (isHere) rows.push(await fileRow(secret, key.blob));
  else if (!isListed) rows.push(await noFileRow(patient, isFile ? named : null, beside, add));
  else rows.push(pass("ssh.key", `the agent signs${touchNote(key.blob)}${forgeNote(patient)}`));
  return rows.map((row) =>
    row.id === "ssh.key" && row.status === "pass" && isHere ? { ...row, why: `${row.why}${forgeNote(patient)}` } : row,
  );
}

async function fileRow(secret: string, blob: Buffer): Promise<DoctorRow> {
  const { mode } = await stat(secret);
  if ((mode & 0o077) === 0 || process.platform === "win32") return pass("ssh.key", `${secret}${touchNote(blob)}`);
  return fail("ssh.key", `others may read ${secret}, so ssh-keygen ignores it`, `chmod 600 ${shellWord(secret)}`, {
    kind: "chmod",
    path: secret,
    mode: 0o600,
  });
}

/** `beside`: the private file in `~/.ssh`, which git is not told of. */
async function noFileRow(
  patient: Patient,
  named: string | null,
  beside: string | null,
  add: string,
): Promise<DoctorRow> {
  const why =
    named === null ? "no agent has the signing key" : `there is no private key beside ${named}, and no agent has it`;
  if (beside !== null)
    return fail("ssh.key", `${why}; it is in ${beside}`, ...setting("user.signingkey", `${beside}.pub`));
  const [fix, mends] = otherKey(patient);
  return Promise.resolve(mends === null ? fail("ssh.key", why, add) : fail("ssh.key", why, fix, mends));
}

const touchNote = (blob: Buffer): string =>
  blob.toString("latin1", 4, 7) === "sk-" ? " (touch it when it blinks)" : "";

/** docs.github.com, "About commit signature verification": a key that logs in is not one that signs. */
const forgeNote = ({ context }: Patient): string =>
  context.config.values.some(
    ({ key, value }) => /^remote\..*\.url$/s.test(key) && /\bgithub\.com[:/]/.test(value ?? ""),
  )
    ? " (GitHub shows Verified once it is added there as a signing key, beside the one that logs in)"
    : "";

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  );

async function signersRow(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment, directory, loaded, now } = patient;
  if (loaded === null) return [];
  const revoked = context.config.get("gpg.ssh.revocationfile");
  if (revoked !== null && !(await isReadable(resolve(place.top, expandHome(revoked, environment))))) {
    const write = "signpolicy keys export revoked >.git/signpolicy/revoked";
    const why = `gpg.ssh.revocationFile names ${revoked}, which cannot be read: ssh-keygen then verifies nothing`;
    return [warn("ssh.allowed", why, `${write} && git config gpg.ssh.revocationFile "$PWD/.git/signpolicy/revoked"`)];
  }
  const named = context.config.get("gpg.ssh.allowedsignersfile");
  const fix = "signpolicy keys export allowed-signers --write";
  const repair = { kind: "allowed-signers" } as const;
  if (named === null)
    return [
      warn(
        "ssh.allowed",
        "git log --show-signature knows nobody's SSH key: gpg.ssh.allowedSignersFile is not set",
        fix,
        repair,
      ),
    ];
  const text = await readTextIfAny(resolve(place.top, expandHome(named, environment))).catch(() => null);
  if (text === null || text.trim() === "")
    return [
      warn("ssh.allowed", `${named}, which gpg.ssh.allowedSignersFile names, is not there or empty`, fix, repair),
    ];
  const wanted = Buffer.from((await exportKeys("allowed-signers", { directory, environment }, now)).text).toString(
    "latin1",
  );
  if (text !== wanted) return [warn("ssh.allowed", `${named} is not what the policy says`, fix, repair)];
  return [pass("ssh.allowed", "git log --show-signature knows the policy's SSH keys")];
}

/** What another key mends, or another program; the rest is told by the signer's own failure. */
async function liveFix(patient: Patient, { cause, fix }: SignerFailure): Promise<[fix: string, repair: Repair | null]> {
  if (cause === "program-missing") {
    const format = patient.key.kind;
    const set = await programSetting(patient, format);
    return [await programFix(patient, set?.value ?? "", format, set), null];
  }
  const [other, mends] = otherKey(patient);
  if (OF_THE_KEY.has(cause) && mends !== null) return [other, mends];
  // It names the part of the certificate that ended, which the signer does not tell.
  const [extension] = patient.choices?.extensions ?? [];
  return [cause === "key-unusable" ? (extension ?? fix) : fix, null];
}

const OF_THE_KEY: ReadonlySet<string> = new Set([
  "no-secret-key",
  "key-unusable",
  "no-private-key",
  "key-missing",
  "key-invalid",
]);

const live: Examination = async (patient) => {
  const { context, key, place, environment, loaded, now } = patient;
  const anchors = loaded?.anchors ?? createAnchors([], { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] });
  const result = await signLive({ context, key, top: place.top, environment, anchors, now });
  if (result === null) return [];
  if (result.failure !== null) {
    const { why, cause } = result.failure;
    return [fail("sign.live", `signing fails: ${why} (${cause})`, ...(await liveFix(patient, result.failure)))];
  }
  const { evidence } = result;
  if (evidence.outcome === "verified")
    return [pass("sign.live", `a signature by ${evidence.signer.principal} was made and verified`)];
  if (evidence.outcome === "undecided")
    return [pass("sign.live", "a signature was made; whether its key may sign is another question")];
  return [
    fail(
      "sign.live",
      `the signature that was made does not verify: ${evidence.detail} (${evidence.code})`,
      "signpolicy keys list",
    ),
  ];
};

export const PROGRAM_ROWS: readonly Examination[] = [gpgRows, sshRows, x509Rows, live];

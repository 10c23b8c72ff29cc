/** Rows about gpg, ssh and their agents, and the signature that is really made. */
import { stat } from "node:fs/promises";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { readTextIfAny } from "../io/files.ts";
import { gpgPlace } from "../io/gpg.ts";
import { runProgram } from "../io/programs.ts";
import type { ProgramResult } from "../io/programs.ts";
import { createAnchors } from "../signature/anchors.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { exportKeys } from "./keys-export.ts";
import { signLive } from "./sign-live.ts";
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
    rows.push(
      fail(
        "gpg.secret",
        `${program} has no secret key that signs for ${key.id}`,
        `${program} --import YOUR-SECRET-KEY, or plug in its card`,
      ),
    );
  } else {
    const serial = here.fields[14] ?? "";
    rows.push(
      pass("gpg.secret", `${program} has the secret key${/^[0-9A-F]{10,}$/.test(serial) ? `, on card ${serial}` : ""}`),
    );
    rows.push(...(await cachedRow(patient, here.grip)));
  }
  return [...rows, ...(await homeRows(patient)), ...terminalRows(patient)];
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
      "echo x | gpg --clearsign >/dev/null, in a terminal",
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

function terminalRows({ environment, terminal }: Patient): readonly DoctorRow[] {
  if (!terminal) return [];
  if ((environment["GPG_TTY"] ?? "") !== "") return [pass("gpg.tty", `GPG_TTY is ${environment["GPG_TTY"] ?? ""}`)];
  if ((environment["DISPLAY"] ?? environment["WAYLAND_DISPLAY"] ?? "") !== "" || process.platform === "darwin")
    return [];
  return [
    warn(
      "gpg.tty",
      "GPG_TTY is not set: pinentry may find no terminal to ask on",
      "export GPG_TTY=$(tty)   (in your shell's start file)",
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
  if (version < 802) return [fail("ssh.keygen", `${shown} cannot sign`, "install OpenSSH 8.2 or newer")];
  if (version < 808)
    return [
      warn("ssh.keygen", `${shown} does not know valid-before in allowed_signers`, "install OpenSSH 8.8 or newer"),
    ];
  return [pass("ssh.keygen", shown)];
}

async function sshKeyRows(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment, key } = patient;
  if (key.kind !== "ssh") return [];
  const named = context.config.get("user.signingkey") ?? "";
  const home = environment["HOME"];
  const path = named.startsWith("~/") && home !== undefined ? join(home, named.slice(2)) : resolve(place.top, named);
  const secret = path.replace(/\.pub$/, "");
  const isFile = !/^(?:key::|ssh-|ecdsa-|sk-)/.test(named) && named !== "";
  const text = isFile ? await readFile(secret, "latin1").catch(() => null) : null;
  const agent = await ask(patient, "ssh-add", ["-L"]);
  const isListed = agent?.stdout.includes(key.blob.toString("base64")) ?? false;
  const rows: DoctorRow[] = [];
  if (isListed) rows.push(pass("ssh.agent", "the ssh agent has the signing key"));
  else if (agent !== null && agent.status === 0)
    rows.push(
      (text === null ? fail : pass)(
        "ssh.agent",
        "the ssh agent runs, without the signing key",
        "ssh-add THE-PRIVATE-KEY",
      ),
    );
  if (text !== null) {
    const mode = (await stat(secret)).mode;
    if ((mode & 0o077) !== 0 && process.platform !== "win32")
      rows.push(
        fail("ssh.key", `others may read ${secret}, so ssh-keygen ignores it`, `chmod 600 ${secret}`, {
          kind: "chmod",
          path: secret,
          mode: 0o600,
        }),
      );
    else
      rows.push(
        pass("ssh.key", `${secret}${key.blob.toString("latin1", 4, 7) === "sk-" ? " (touch it when it blinks)" : ""}`),
      );
  } else if (!isListed) {
    rows.push(
      fail(
        "ssh.key",
        isFile ? `there is no private key beside ${path}, and no agent has it` : "no agent has the signing key",
        "eval $(ssh-agent) && ssh-add THE-PRIVATE-KEY",
      ),
    );
  }
  return rows.map((row) => (row.status === "pass" ? { ...row, fix: null } : row));
}

async function signersRow(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment, directory, loaded, now } = patient;
  if (loaded === null) return [];
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
  const home = environment["HOME"];
  const path = named.startsWith("~/") && home !== undefined ? join(home, named.slice(2)) : resolve(place.top, named);
  const text = await readTextIfAny(path).catch(() => null);
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

const live: Examination = async ({ context, key, place, environment, loaded, now }) => {
  const anchors = loaded?.anchors ?? createAnchors([], { rsaBits: 2048, hashes: ["sha256", "sha384", "sha512"] });
  const result = await signLive({ context, key, top: place.top, environment, anchors, now });
  if (result === null) return [];
  if (result.failure !== null) {
    const { why, fix, cause } = result.failure;
    return [fail("sign.live", `signing fails: ${why} (${cause})`, fix)];
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

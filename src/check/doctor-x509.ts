/** Rows about X.509 and Sigstore signers, whose signatures no policy counts yet: whether what git is set up with works at all. */
import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { readTextIfAny } from "../io/files.ts";
import { runProgram, type ProgramResult } from "../io/programs.ts";
import { formatTime } from "../encoding/time.ts";
import type { Seconds } from "../model.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { shellWord } from "./hook-lines.ts";
import { DAY } from "./key-standing.ts";
import { canRun, noSuchProgram } from "./signing-programs.ts";

/** A trust root is renewed every half year; after that gitsign must have been online. */
const STALE_DAYS = 180;

const SOON_DAYS = 30;

/** docs.sigstore.dev, "Credential cache" of gitsign: its own place for the socket. */
const CACHE = "~/.cache/sigstore/gitsign/cache.sock";

const ask = (
  { place, environment }: Patient,
  program: string,
  argv: readonly string[],
): Promise<ProgramResult | null> =>
  runProgram(program, argv, { cwd: place.top, environment, timeoutMs: 10_000 }).catch(() => null);

/** `gpg.format x509` alone; the row `sign.format` has said already that the policy does not count what comes of it. */
export const x509Rows: Examination = async (patient) => {
  const { config } = patient.context;
  if (config.get("gpg.format") !== "x509") return [];
  const program = config.get("gpg.x509.program") ?? "gpgsm";
  return /gitsign/i.test(basename(program)) ? sigstoreRows(patient, program) : certificateRows(patient, program);
};

async function certificateRows(patient: Patient, program: string): Promise<readonly DoctorRow[]> {
  const version = await ask(patient, program, ["--version"]);
  if (version?.status !== 0) {
    return [fail("x509", noSuchProgram(program), await x509ProgramFix(patient, "gpgsm"))];
  }
  // smimesign asks the system's own key store, which has nothing to list.
  if (!/gpgsm/i.test(basename(program))) return [pass("x509", `${firstLine(version)} is there`)];
  const key = patient.context.config.get("user.signingkey");
  const listed = await ask(patient, program, [
    "--batch",
    "--with-colons",
    "--list-secret-keys",
    ...(key === null ? [] : ["--", key]),
  ]);
  // doc/DETAILS of GnuPG: `crs` is an X.509 certificate whose secret key is here, field 2 its validity.
  const records = (listed?.stdout ?? "").split("\n").map((line) => line.split(":"));
  const own = records.filter(([type]) => type === "crs");
  if (own.length === 0) {
    const which = key === null ? "" : ` for ${key}`;
    return [
      fail(
        "x509",
        `${program} has no certificate with its secret key${which}`,
        `${program} --import YOUR-CERTIFICATE.p12`,
      ),
    ];
  }
  const rows: DoctorRow[] = [];
  const request = `${program} --armor --output request.pem --generate-key`;
  const expired = own.filter(([, validity]) => validity === "e");
  // gpgsm signs with an expired certificate without a word (smimesign#83).
  if (expired.length === own.length)
    rows.push(
      fail(
        "x509",
        "the certificate has expired, and gpgsm signs with it all the same; your CA makes a new one from a request",
        request,
      ),
    );
  const home = patient.environment["GNUPGHOME"] ?? join(patient.environment["HOME"] ?? "~", ".gnupg");
  const ends = own.flatMap((fields) => timeOf(fields[6]) ?? []);
  const end = ends.length === own.length ? Math.max(...ends) : null;
  if (end !== null && end > patient.now && end - patient.now < SOON_DAYS * DAY)
    rows.push(
      warn(
        "x509",
        `the certificate ends on ${formatTime(end)}, in ${Math.floor((end - patient.now) / DAY)} days; your CA makes a new one from a request`,
        request,
      ),
    );
  const trusted = await readTextIfAny(join(home, "trustlist.txt")).catch(() => null);
  if (!/^[ \t]*[0-9A-F:]{40,}/im.test(trusted ?? "")) {
    const list = join(home, "trustlist.txt");
    // gpg-agent(1), trustlist.txt: a fingerprint and `S`, for X.509.
    const line = "openssl x509 -in CA.pem -noout -fingerprint -sha1 | sed 's/.*=//; s/$/ S/'";
    rows.push(
      warn(
        "x509",
        `no root is trusted: ${list} names none`,
        `${program} --import CA.pem && ${line} >>${shellWord(list)} && gpgconf --reload gpg-agent`,
      ),
    );
  }
  const settings = (await readTextIfAny(join(home, "gpgsm.conf")).catch(() => null)) ?? "";
  // The last one counts.
  const include = [...settings.matchAll(/^[ \t]*include-certs[ \t]+(-?\d+)/gm)].at(-1)?.[1];
  // gpgsm(1): 0 sends no certificate, 1 the signer's alone; who verifies then cannot build the chain.
  if (include === "0" || include === "1") {
    rows.push(
      warn(
        "x509",
        `include-certs ${include} leaves the chain out of signatures`,
        `echo include-certs -2 >>${shellWord(join(home, "gpgsm.conf"))}`,
      ),
    );
  }
  return rows.length > 0
    ? rows
    : [pass("x509", `${firstLine(version)} has a certificate, a trusted root and sends its chain`)];
}

async function sigstoreRows(patient: Patient, program: string): Promise<readonly DoctorRow[]> {
  const version = await ask(patient, program, ["--version"]);
  if (version?.status !== 0) {
    return [fail("sigstore", noSuchProgram(program), await x509ProgramFix(patient, "gitsign"))];
  }
  const rows: DoctorRow[] = [];
  const root = join(patient.environment["HOME"] ?? "~", ".sigstore", "root");
  const when = (await stat(root).catch(() => null))?.mtimeMs;
  const days = when === undefined ? null : Math.floor((patient.now - when / 1000) / 86_400);
  if (days === null)
    rows.push(
      warn(
        "sigstore",
        `there is no trust root in ${root} yet: the first signature fetches it`,
        `${shellWord(program)} initialize`,
      ),
    );
  else if (days > STALE_DAYS)
    rows.push(
      warn("sigstore", `the trust root in ${root} is ${String(days)} days old`, `${shellWord(program)} initialize`),
    );
  const cache = patient.environment["GITSIGN_CREDENTIAL_CACHE"];
  if (cache === undefined) {
    if (!patient.terminal)
      rows.push(
        warn(
          "sigstore",
          "every signature opens a browser, and nobody is here to answer",
          `gitsign-credential-cache & export GITSIGN_CREDENTIAL_CACHE=${CACHE}`,
        ),
      );
  } else if ((await stat(cache).catch(() => null))?.isSocket() !== true) {
    rows.push(
      warn(
        "sigstore",
        `GITSIGN_CREDENTIAL_CACHE names ${cache}, where no cache listens`,
        `gitsign-credential-cache & export GITSIGN_CREDENTIAL_CACHE=${CACHE}`,
      ),
    );
  }
  return rows.length > 0 ? rows : [pass("sigstore", `${firstLine(version)}, with a trust root`)];
}

/** doc/DETAILS of GnuPG: an ISO time, `20261206T064331`, where gpgsm tells it, or seconds. */
function timeOf(field: string | undefined): Seconds | null {
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)$/.exec(field ?? "") ?? [];
  if (year !== undefined)
    return Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
  return /^\d+$/.test(field ?? "") ? Number(field) : null;
}

/** Back to gpgsm, git's own choice, where it is there; else what brings the program. */
async function x509ProgramFix({ place, environment, context }: Patient, name: "gpgsm" | "gitsign"): Promise<string> {
  const isSet = context.config.get("gpg.x509.program") !== null;
  if (isSet && name === "gpgsm" && (await canRun("gpgsm", place.top, environment)))
    return "git config --unset-all gpg.x509.program";
  return name === "gpgsm" ? "apt-get install gpgsm" : "go install github.com/sigstore/gitsign@latest";
}

const firstLine = ({ output }: ProgramResult): string => (output.trim().split("\n")[0] ?? "").slice(0, 80);

/** Rows about who commits, and what git is set up to sign with. */
import { join } from "node:path";
import { formatTime } from "../encoding/time.ts";
import type { ConfigValue } from "../io/config.ts";
import { gpgPlace } from "../io/gpg.ts";
import type { Evidence, EvidenceCode } from "../model.ts";
import { matchEmail, ownerOf } from "../policy/emails.ts";
import type { DoctorRow, Examination, Patient, Repair } from "./doctor.ts";
import { fail, pass, setting, warn } from "./doctor.ts";
import { expectEvidence } from "./expected-evidence.ts";
import { settingCommand } from "./good-keys.ts";
import { DAY, endOf } from "./key-standing.ts";
import { selectKey } from "./key-select.ts";
import type { LoadedPolicy } from "./policy-source.ts";
import { setByOption } from "./signing-key.ts";
import { canRun, programFix, noSuchProgram } from "./signing-programs.ts";

async function identity(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, loaded } = patient;
  const { committer, author } = context;
  if (committer.name.includes("@") && !committer.email.includes("@")) {
    const settings = [
      { key: "user.name", value: utf8(committer.email) },
      { key: "user.email", value: utf8(committer.name) },
    ];
    const fix = settings.map(settingCommand).join(" && ");
    return [fail("ident", "name and e-mail are swapped", fix, { kind: "config", settings })];
  }
  if (loaded === null) return Promise.resolve([pass("ident", `${committer.name} <${committer.email}>`)]);
  const owner = ownerOf(loaded.policy, committer.email);
  const override = overriding(patient);
  if (owner === null) {
    const why = `no principal of the policy owns ${committer.email}${override === null ? "" : ` (from ${override.from})`}`;
    return [fail("ident", why, ...(await ownEmail(patient, override)))];
  }
  if (author.email !== committer.email && ownerOf(loaded.policy, author.email)?.id !== owner.id) {
    return [
      warn(
        "ident",
        `you commit as ${committer.email} and write as ${author.email}`,
        "unset GIT_AUTHOR_EMAIL GIT_AUTHOR_NAME",
      ),
    ];
  }
  return [pass("ident", `${committer.email} is ${owner.id}`)];
}

/** What beats git's configuration of the e-mail, and how it is taken away. */
function overriding({ environment }: Patient): { readonly from: string; readonly fix: string } | null {
  const variable = ["GIT_COMMITTER_EMAIL", "GIT_AUTHOR_EMAIL"].find((name) => environment[name] !== undefined);
  if (variable !== undefined) return { from: variable, fix: `unset ${variable}` };
  if (setByOption("user.email", environment)) return { from: "git -c", fix: "leave out `-c user.email=...`" };
  return null;
}

/** What has git write the e-mail that belongs to the signing key; who has no key here either joins. */
async function ownEmail(
  { loaded, key, now }: Patient,
  override: ReturnType<typeof overriding>,
): Promise<[fix: string, repair: Repair | null]> {
  if (override !== null) return [override.fix, null];
  const evidence = loaded === null ? null : await expectEvidence(key, loaded.anchors, now);
  const signer = evidence?.outcome === "verified" ? evidence.signer.principal : null;
  const [email] = signer === null ? [] : (loaded?.policy.principals.get(signer)?.emails ?? []);
  return email === undefined ? ["signpolicy join", null] : [...setting("user.email", utf8(email))];
}

/** Emails are kept as latin-1 text of their bytes; git's configuration is UTF-8. */
const utf8 = (latin: string): string => Buffer.from(latin, "latin1").toString("utf8");

async function enabled(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, environment, loaded, key } = patient;
  const isOn = (name: string): boolean => /^(?:true|yes|on|[1-9]\d*)$/i.test(context.config.get(name) ?? "");
  const rows: DoctorRow[] = [];
  if (!isOn("commit.gpgsign")) {
    const byOption = setByOption("commit.gpgsign", environment);
    const why = `commits are not signed: commit.gpgsign is not on${byOption ? " for this command" : ""}`;
    // Switched on without a key git could sign with, it would stop every commit.
    const [fix, mends] = key.kind === "none" ? otherKey(patient) : setting("commit.gpgsign", "true");
    rows.push(
      byOption ? fail("sign.enabled", why, "leave out `-c commit.gpgsign=...`") : fail("sign.enabled", why, fix, mends),
    );
  }
  if (!isOn("tag.gpgsign")) {
    rows.push(
      warn("sign.enabled", "annotated tags are not signed: tag.gpgSign is not on", ...setting("tag.gpgSign", "true")),
    );
  }
  const asked = loaded?.policy.rules.some(({ pushes }) => pushes?.required === true) ?? false;
  if (asked && !isOn("push.gpgsign") && context.config.get("push.gpgsign") !== "if-asked") {
    const why = "the policy asks for signed pushes, and pushes are not signed: push.gpgSign is not on";
    rows.push(warn("sign.enabled", why, ...setting("push.gpgSign", "if-asked")));
  }
  return Promise.resolve(
    rows.length > 0 ? rows : [pass("sign.enabled", "commits and tags are signed without being asked to")],
  );
}

/** A key of one's own that the policy takes; else `join`, which finds or makes one and asks for it to be let in. */
export function otherKey({ choices }: Pick<Patient, "choices">): [fix: string, repair: Repair | null] {
  const [good] = choices?.here ?? [];
  return good === undefined
    ? [choices === null ? "signpolicy init" : "signpolicy join", null]
    : [good.command, { kind: "config", settings: good.settings }];
}

const FORMATS = ["openpgp", "ssh"];

async function format(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment } = patient;
  const { config } = context;
  const name = config.get("gpg.format") ?? "openpgp";
  if (!FORMATS.includes(name)) {
    const what = name === "x509" ? "X.509 signatures (gpgsm, smimesign, gitsign)" : `gpg.format ${name}`;
    const from = await originOf(patient, "gpg.format");
    return [fail("sign.format", `${what} count under no policy yet${from}`, ...otherKey(patient))];
  }
  const key = config.get("user.signingkey") ?? "";
  const rows: DoctorRow[] = [];
  const isId = /^(?:0x)?[0-9a-f]{8,64}!?$/i.test(key);
  const isSsh = /^(?:key::|ssh-|ecdsa-|sk-|~?\/|\.{0,2}\/)|\.pub$/.test(key);
  if (name === "ssh" && isId)
    rows.push(
      fail(
        "sign.format",
        `gpg.format is ssh${await originOf(patient, "gpg.format")}, and user.signingkey ${key} is an OpenPGP key's id`,
        ...fitting(patient, "openpgp"),
      ),
    );
  else if (name === "openpgp" && isSsh)
    rows.push(
      fail(
        "sign.format",
        `user.signingkey is an SSH key${await originOf(patient, "user.signingkey")}, and gpg.format is not ssh`,
        ...fitting(patient, "ssh"),
      ),
    );
  else if (name === "openpgp" && /^(?:0x)?[0-9a-f]{8}!?$/i.test(key))
    rows.push(
      warn(
        "sign.format",
        `user.signingkey ${key} is a short key id, which anybody can make a second key of`,
        ...(patient.key.kind === "openpgp" ? setting("user.signingkey", patient.key.id) : otherKey(patient)),
      ),
    );
  const program =
    name === "ssh" ? (config.get("gpg.ssh.program") ?? "ssh-keygen") : gpgPlace(config, place.top, environment).program;
  if (!(await canRun(program, place.top, environment))) {
    const why = noSuchProgram(program);
    const set = await programSetting(patient, name);
    rows.push(
      fail(
        "sign.format",
        `${why}${set === null ? "" : ` (${set.key}, ${set.scope} configuration)`}`,
        await programFix(patient, program, name, set),
      ),
    );
  }
  rows.push(...(await homeRows(patient)));
  const shown = key === "" ? "no user.signingkey" : key.slice(0, 60);
  return rows.length > 0 ? rows : [pass("sign.format", `${name}, ${shown}, ${program}`)];
}

/** The format that fits the key; a key of one's own that counts comes first, so that two repairs do not undo one another. */
const fitting = (patient: Patient, format: string): [fix: string, repair: Repair | null] =>
  (patient.choices?.here.length ?? 0) > 0 ? otherKey(patient) : setting("gpg.format", format);

/** Which file of git's configuration says so, where it is not this clone's own. */
async function originOf({ place }: Patient, key: string): Promise<string> {
  const last = (await place.porcelain.config()).values.filter((value) => value.key === key).at(-1);
  return last === undefined || last.scope === "local" ? "" : ` (${last.scope} configuration)`;
}

/** The variable that names the program; of OpenPGP's two the last one counts. */
export async function programSetting({ place }: Patient, format: string): Promise<ConfigValue | null> {
  const names = format === "ssh" ? ["gpg.ssh.program"] : ["gpg.program", "gpg.openpgp.program"];
  return (await place.porcelain.config()).values.filter(({ key }) => names.includes(key)).at(-1) ?? null;
}

/** Release notes of git 2.51: until then `~` in gpg.program is a folder of that name. */
async function homeRows({ context, place, environment }: Patient): Promise<readonly DoctorRow[]> {
  const set = context.config.values.filter(
    ({ key, value }) => /^gpg\.(?:.*\.)?program$/.test(key) && (value?.startsWith("~/") ?? false),
  );
  const { major, minor } = await place.porcelain.version();
  if (major > 2 || minor >= 51) return [];
  return set.map(({ key, value }) => {
    const path = join(environment["HOME"] ?? "~", value?.slice(2) ?? "");
    const why = `${key} starts with ~, which git ${major}.${minor} takes literally`;
    return fail("sign.format", why, ...setting(key, path));
  });
}

async function keyAllowed(patient: Patient): Promise<readonly DoctorRow[]> {
  const { key, loaded, context, now } = patient;
  if (key.kind === "none") return [fail("sign.key", key.why, ...otherKey(patient))];
  if (loaded === null) return [];
  const evidence = await expectEvidence(key, loaded.anchors, now);
  const rows = await allowedRows(patient, loaded, evidence);
  if (evidence.outcome !== "verified") return rows;
  const { principal: id, key: signer } = evidence.signer;
  const principal = loaded.policy.principals.get(id);
  if (principal !== undefined) {
    const isOwn = matchEmail(principal, context.committer.email) === "same";
    rows.push(
      isOwn
        ? pass("sign.key.email", `${context.committer.email} belongs to ${id}, whose key it is`)
        : fail(
            "sign.key.email",
            `the key is ${id}'s, and ${context.committer.email} is not`,
            ...(await ownEmail(patient, overriding(patient))),
          ),
    );
  }
  const entry = loaded.keys.find(
    ({ anchor }) =>
      (anchor.kind === "openpgp" ? anchor.certificate.fingerprint : anchor.key.fingerprint) === signer.primary,
  );
  const end =
    entry === undefined ? null : await endOf(selectKey(loaded, signer.primary), loaded.policy.algorithms, now);
  if (end !== null && end > now) {
    const days = Math.floor((end - now) / DAY);
    const { extendCommand } = await import("./key-extend.ts");
    const renew = entry === undefined ? null : await extendCommand(entry, loaded, end);
    rows.push(
      days < 30
        ? warn(
            "sign.expiry",
            `your key ends on ${formatTime(end)}, in ${days} days`,
            renew ?? "signpolicy join --new-key",
          )
        : pass("sign.expiry", `your key is good until ${formatTime(end)}`),
    );
  }
  return rows;
}

/** By the checkout's policy, and by the one that will judge the push where the checkout is older. */
async function allowedRows(patient: Patient, loaded: LoadedPolicy, evidence: Evidence): Promise<DoctorRow[]> {
  const { key, place, environment, now } = patient;
  const { upstreamPolicy } = await import("./upstream-policy.ts");
  const upstream = await upstreamPolicy({ top: place.top, environment }, loaded);
  const there = upstream === null ? null : await expectEvidence(key, upstream.loaded.anchors, now);
  const refused = whyRefused(evidence);
  const refusedThere = there === null ? null : whyRefused(there);
  if (refused === null && evidence.outcome === "verified") {
    const { principal, key: signer } = evidence.signer;
    if (upstream === null || refusedThere === null)
      return [pass("sign.key.allowed", `${signer.algorithm} ${signer.fingerprint} is ${principal}'s`)];
    return [fail("sign.key.allowed", `${upstream.where} refuses your key: ${refusedThere.why}`, upstream.merge)];
  }
  const why = refused?.why ?? "";
  if (upstream !== null && refusedThere === null)
    return [fail("sign.key.allowed", `${why}; ${upstream.takes}`, upstream.merge)];
  return [
    fail(
      "sign.key.allowed",
      `${why}${newerNote(patient)}${await elsewhere(patient)}`,
      ...(await keyFix(patient, refused?.code ?? "unknown-key")),
    ),
  ];
}

/** The certificate whose copy in the policy lacks the subkey that gpg signs with. */
const outdated = ({ choices, key }: Patient): string | undefined =>
  key.kind === "openpgp" ? choices?.newer.get(key.id) : undefined;

function newerNote(patient: Patient): string {
  const certificate = outdated(patient);
  if (certificate === undefined) return "";
  return `, a newer subkey of ${certificate}; a maintainer has the copy renewed: signpolicy keys renew ${certificate}`;
}

async function elsewhere({ choices, key }: Patient): Promise<string> {
  if (choices === null || choices.owner === null || choices.here.length > 0 || choices.elsewhere.length === 0)
    return "";
  const which = choices.elsewhere.slice(0, 3).join(", ");
  return Promise.resolve(
    `; ${choices.owner} has ${key.kind === "none" ? "a key" : "another"} that is good today, on another machine (${which})`,
  );
}

/** What works at once, then what gives the key more time, then what asks for a key to be let in. */
async function keyFix(patient: Patient, code: EvidenceCode): Promise<[fix: string, repair: Repair | null]> {
  if (setByOption("user.signingkey", patient.environment)) return ["leave out `-c user.signingkey=...`", null];
  if ((patient.choices?.here.length ?? 0) > 0) return otherKey(patient);
  const [extension] = patient.choices?.extensions ?? [];
  if (extension !== undefined) return [extension, null];
  const certificate = outdated(patient);
  if (certificate !== undefined) return [`signpolicy keys renew ${certificate}`, null];
  return Promise.resolve([code === "unknown-key" ? "signpolicy join" : "signpolicy join --new-key", null]);
}

function whyRefused(evidence: Evidence): { readonly code: EvidenceCode; readonly why: string } | null {
  if (evidence.outcome === "verified") {
    const { lapsed, signer } = evidence;
    if (lapsed === null) return null;
    return {
      code: lapsed.code,
      why: `your key cannot sign: ${signer.key.fingerprint} ${lapsed.detail} (${lapsed.code})`,
    };
  }
  const { code, issuer, detail } = evidence;
  return {
    code,
    why: code === "unknown-key" ? `the policy has no key ${issuer ?? ""}` : `your key cannot sign: ${detail} (${code})`,
  };
}

export const SIGNING_ROWS: readonly Examination[] = [identity, enabled, format, keyAllowed];

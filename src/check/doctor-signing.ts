/** Rows about who commits, and what git is set up to sign with. */
import { access } from "node:fs/promises";
import { constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { formatTime } from "../encoding/time.ts";
import { gpgPlace } from "../io/gpg.ts";
import { matchEmail, ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { expectEvidence } from "./expected-evidence.ts";
import { DAY, endOf } from "./key-standing.ts";
import { selectKey } from "./key-select.ts";
import { setByOption } from "./signing-key.ts";

async function identity({ context, loaded, environment }: Patient): Promise<readonly DoctorRow[]> {
  const { committer, author } = context;
  if (committer.name.includes("@") && !committer.email.includes("@")) {
    return [
      fail(
        "ident",
        "name and e-mail are swapped",
        `git config user.name '${committer.email}' && git config user.email ${committer.name}`,
      ),
    ];
  }
  const variable = ["GIT_COMMITTER_EMAIL", "GIT_AUTHOR_EMAIL"].find((name) => environment[name] !== undefined);
  if (loaded === null) return Promise.resolve([pass("ident", `${committer.name} <${committer.email}>`)]);
  const owner = ownerOf(loaded.policy, committer.email);
  if (owner === null) {
    const why = `no principal of the policy owns ${committer.email}${variable === undefined ? "" : ` (from ${variable})`}`;
    return [
      fail(
        "ident",
        why,
        variable === undefined ? "git config user.email ADDRESS, or signpolicy join" : `unset ${variable}`,
      ),
    ];
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

async function enabled({ context, environment }: Patient): Promise<readonly DoctorRow[]> {
  const isOn = (key: string): boolean => /^(?:true|yes|on|[1-9]\d*)$/i.test(context.config.get(key) ?? "");
  const rows: DoctorRow[] = [];
  if (!isOn("commit.gpgsign")) {
    const how = setByOption("commit.gpgsign", environment) ? " for this command" : "";
    rows.push(
      fail("sign.enabled", `commits are not signed: commit.gpgsign is not on${how}`, "git config commit.gpgsign true", {
        kind: "config",
        key: "commit.gpgsign",
        value: "true",
      }),
    );
  }
  if (!isOn("tag.gpgsign")) {
    rows.push(
      warn("sign.enabled", "annotated tags are not signed: tag.gpgSign is not on", "git config tag.gpgSign true", {
        kind: "config",
        key: "tag.gpgSign",
        value: "true",
      }),
    );
  }
  return Promise.resolve(
    rows.length > 0 ? rows : [pass("sign.enabled", "commits and tags are signed without being asked to")],
  );
}

const FORMATS = ["openpgp", "ssh"];

async function format(patient: Patient): Promise<readonly DoctorRow[]> {
  const { context, place, environment } = patient;
  const { config } = context;
  const name = config.get("gpg.format") ?? "openpgp";
  if (!FORMATS.includes(name)) {
    const what = name === "x509" ? "X.509 signatures (gpgsm, smimesign, gitsign)" : `gpg.format ${name}`;
    return [fail("sign.format", `${what} count under no policy yet`, "git config gpg.format ssh (or openpgp)")];
  }
  const key = config.get("user.signingkey") ?? "";
  const rows: DoctorRow[] = [];
  const isId = /^(?:0x)?[0-9a-f]{8,64}!?$/i.test(key);
  const isSsh = /^(?:key::|ssh-|ecdsa-|sk-|~?\/|\.{0,2}\/)|\.pub$/.test(key);
  if (name === "ssh" && isId)
    rows.push(
      fail(
        "sign.format",
        `gpg.format is ssh, and user.signingkey ${key} is an OpenPGP key's id`,
        "git config gpg.format openpgp",
        { kind: "config", key: "gpg.format", value: "openpgp" },
      ),
    );
  else if (name === "openpgp" && isSsh)
    rows.push(
      fail("sign.format", "user.signingkey is an SSH key, and gpg.format is not ssh", "git config gpg.format ssh", {
        kind: "config",
        key: "gpg.format",
        value: "ssh",
      }),
    );
  else if (name === "openpgp" && /^(?:0x)?[0-9a-f]{8}!?$/i.test(key))
    rows.push(
      warn(
        "sign.format",
        `user.signingkey ${key} is a short key id, which anybody can make a second key of`,
        "git config user.signingkey FINGERPRINT",
      ),
    );
  const program =
    name === "ssh" ? (config.get("gpg.ssh.program") ?? "ssh-keygen") : gpgPlace(config, place.top, environment).program;
  if (!(await canRun(program, place.top, environment))) {
    const where = name === "ssh" ? "gpg.ssh.program" : "gpg.program";
    rows.push(fail("sign.format", `the signing program ${program} is not there`, `git config ${where} PATH`));
  }
  rows.push(...(await homeRows(patient)));
  const shown = key === "" ? "no user.signingkey" : key.slice(0, 60);
  return rows.length > 0 ? rows : [pass("sign.format", `${name}, ${shown}, ${program}`)];
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
    return fail("sign.format", why, `git config ${key} ${shellWord(path) ?? "PATH"}`, {
      kind: "config",
      key,
      value: path,
    });
  });
}

async function canRun(program: string, top: string, environment: Patient["environment"]): Promise<boolean> {
  const named = program.includes("/")
    ? [resolve(top, program)]
    : (environment["PATH"] ?? "").split(delimiter).map((folder) => join(folder, program));
  for (const file of named)
    if (
      await access(file, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return true;
  return process.platform === "win32";
}

async function keyAllowed({ key, loaded, context, now }: Patient): Promise<readonly DoctorRow[]> {
  if (key.kind === "none") return [fail("sign.key", key.why, key.fix)];
  if (loaded === null) return [];
  const evidence = await expectEvidence(key, loaded.anchors, now);
  if (evidence.outcome !== "verified") {
    const known = evidence.code === "unknown-key";
    const why = known
      ? `the policy has no key ${evidence.issuer ?? ""}`
      : `your key cannot sign: ${evidence.detail} (${evidence.code})`;
    return [
      fail(
        "sign.key.allowed",
        why,
        known ? "signpolicy join" : "signpolicy keys list, and use a key that is good: git config user.signingkey KEY",
      ),
    ];
  }
  const { principal: id, key: signer } = evidence.signer;
  const rows: DoctorRow[] =
    evidence.lapsed === null
      ? [pass("sign.key.allowed", `${signer.algorithm} ${signer.fingerprint} is ${id}'s`)]
      : [
          fail(
            "sign.key.allowed",
            `${signer.fingerprint}: ${evidence.lapsed.detail} (${evidence.lapsed.code})`,
            `signpolicy keys renew ${signer.primary}`,
          ),
        ];
  const principal = loaded.policy.principals.get(id);
  if (principal !== undefined) {
    const isOwn = matchEmail(principal, context.committer.email) === "same";
    const [own] = principal.emails;
    const config = shellWord(own ?? "");
    rows.push(
      isOwn
        ? pass("sign.key.email", `${context.committer.email} belongs to ${id}, whose key it is`)
        : fail(
            "sign.key.email",
            `the key is ${id}'s, and ${context.committer.email} is not`,
            `git config user.email ${config ?? "ADDRESS"}`,
            own === undefined
              ? null
              : { kind: "config", key: "user.email", value: Buffer.from(own, "latin1").toString("utf8") },
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
    const fix = `gpg --quick-set-expire ${signer.primary} 1y, then signpolicy keys renew ${signer.primary}`;
    const renew = entry?.anchor.kind === "openpgp" ? fix : `signpolicy keys renew ${signer.primary} --until TIME`;
    rows.push(
      days < 30
        ? warn("sign.expiry", `your key ends on ${formatTime(end)}, in ${days} days`, renew)
        : pass("sign.expiry", `your key is good until ${formatTime(end)}`),
    );
  }
  return rows;
}

export const SIGNING_ROWS: readonly Examination[] = [identity, enabled, format, keyAllowed];

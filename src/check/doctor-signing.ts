/** Rows about who commits, and what git is set up to sign with. */
import { access } from "node:fs/promises";
import { constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { formatTime } from "../encoding/time.ts";
import { gpgPlace } from "../io/gpg.ts";
import type { Evidence, EvidenceCode } from "../model.ts";
import { matchEmail, ownerOf } from "../policy/emails.ts";
import { shellWord } from "../policy/fixes.ts";
import type { DoctorRow, Examination, Patient } from "./doctor.ts";
import { fail, pass, warn } from "./doctor.ts";
import { expectEvidence } from "./expected-evidence.ts";
import { DAY, endOf } from "./key-standing.ts";
import { selectKey } from "./key-select.ts";
import type { LoadedPolicy } from "./policy-source.ts";
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

async function keyAllowed(patient: Patient): Promise<readonly DoctorRow[]> {
  const { key, loaded, context, now } = patient;
  if (key.kind === "none") return [fail("sign.key", key.why, key.fix)];
  if (loaded === null) return [];
  const evidence = await expectEvidence(key, loaded.anchors, now);
  const rows = await allowedRows(patient, loaded, evidence);
  if (evidence.outcome !== "verified") return rows;
  const { principal: id, key: signer } = evidence.signer;
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

/** By the checkout's policy, and by the one that will judge the push where the checkout is older. */
async function allowedRows(patient: Patient, loaded: LoadedPolicy, evidence: Evidence): Promise<DoctorRow[]> {
  const { key, place, environment, context, now } = patient;
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
  const { keyFix } = await import("./readiness-words.ts");
  const about = { loaded, context, key, evidence, top: place.top, environment, now };
  return [fail("sign.key.allowed", why, await keyFix(refused?.code ?? "unknown-key", about))];
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

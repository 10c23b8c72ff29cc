// Real keys, made where they are used: OpenPGP by gpg, or by the `openpgp` package where gpg is absent; SSH by ssh-keygen.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { writeScript } from "./world.mjs";

/** @returns the public key for the policy, and the git configuration that signs with the private one */
export function makeOpenPgpKey(world, person, gpg) {
  return gpg === null ? makeWithPackage(world, person) : makeWithGpg(world, person);
}

function makeWithGpg(world, { name, email }) {
  const gpg = (...args) => world.must(world.root, ["gpg", "--batch", "--quiet", ...args]);
  gpg("--passphrase", "", "--quick-gen-key", `${name} <${email}>`, "ed25519", "sign", "never");
  const listed = gpg("--with-colons", "--list-keys", email);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)[1];
  return {
    fingerprint,
    policy: { openpgp: gpg("--armor", "--export", fingerprint) },
    git: { "gpg.format": "openpgp", "user.signingKey": fingerprint },
  };
}

async function makeWithPackage(world, { name, email }) {
  const openpgp = await import("openpgp");
  const { privateKey, publicKey } = await openpgp.generateKey({ userIDs: [{ name, email }], format: "object" });
  const fingerprint = publicKey.getFingerprint().toUpperCase();
  mkdirSync(world.path("secret"), { recursive: true, mode: 0o700 });
  writeFileSync(world.path("secret", `${fingerprint}.asc`), privateKey.armor(), { mode: 0o600 });
  const signer = world.path("bin", "openpgp-signer");
  writeScript(signer, fileURLToPath(new URL("openpgp-signer.mjs", import.meta.url)));
  return {
    fingerprint,
    policy: { openpgp: publicKey.armor() },
    git: { "gpg.format": "openpgp", "gpg.program": signer, "user.signingKey": fingerprint },
  };
}

export function makeSshKey(world, { email }) {
  const file = world.path("home", email);
  world.must(world.root, ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", email, "-f", file]);
  return {
    fingerprint: world.must(world.root, ["ssh-keygen", "-l", "-f", `${file}.pub`]).split(" ")[1],
    policy: { ssh: readFileSync(`${file}.pub`, "utf8").trim() },
    git: { "gpg.format": "ssh", "user.signingKey": `${file}.pub` },
  };
}

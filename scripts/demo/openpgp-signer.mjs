// Stands in for gpg as `gpg.program` where the demo finds none: signs what git gives it on standard input, and nothing
// else. git calls `--status-fd=2 -bsau KEY` and looks for SIG_CREATED (gpg-interface.c; doc/DETAILS of GnuPG). The keys
// lie without a passphrase in the demo's own folder: an example of the protocol, not of how to keep a key.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as openpgp from "openpgp";

const [status, mode, key] = process.argv.slice(2);
if (status !== "--status-fd=2" || mode !== "-bsau" || !/^[0-9A-F]{40}$/.test(key ?? "")) {
  process.stderr.write("openpgp-signer: only signs for git: --status-fd=2 -bsau FINGERPRINT\n");
  process.exit(2);
}
const stored = readFileSync(join(process.env.GNUPGHOME, "..", "secret", `${key}.asc`), "utf8");
const signature = await openpgp.sign({
  message: await openpgp.createMessage({ binary: readFileSync(0) }),
  signingKeys: await openpgp.readPrivateKey({ armoredKey: stored }),
  detached: true,
});
process.stdout.write(signature);
process.stderr.write(`\n[GNUPG:] SIG_CREATED D 22 10 00 ${Math.floor(Date.now() / 1000)} ${key}\n`);

// The pushes that an installation has its hooks judge in a repository that is thrown away, to learn which of their functions
// run (src/check/rehearsal.ts): made with keys from seeds, so that they are the same wherever they are made.
import { createHash } from "node:crypto";
import { addCommits } from "../test/bench/history.mjs";
import { createOpenPgpSigner } from "../test/bench/openpgp-signer.mjs";
import { createSshSigner } from "../test/bench/ssh-signer.mjs";

const START = 1_700_000_000;
const NAMES = ["Olga", "Rita", "Sam"];
const email = (name) => `${name.toLowerCase()}@example.org`;
const identity = (name) => `${name} Example <${email(name)}>`;

/** gitformat-loose(5). */
const hashOf = (kind, bytes) => createHash("sha1").update(`${kind} ${bytes.length}\0`).update(bytes).digest("hex");

/** JSON that a terminal shows as it is. */
const plain = (value) =>
  JSON.stringify(value, null, 2).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

export function renderRehearsal() {
  const [olga, rita, sam] = NAMES.map(identity);
  const gpg = (userId, algorithm) =>
    createOpenPgpSigner({ seed: `signpolicy rehearsal, ${userId}`, userId, created: START, algorithm });
  const signers = { olga: gpg(olga, "ed25519"), rita: gpg(rita, "rsa"), sam: createSshSigner({ seed: "rehearsal" }) };
  const policy = policyOf([
    { openpgp: signers.olga.certificate },
    { openpgp: signers.rita.certificate },
    { ssh: signers.sam.line },
  ]);
  const objects = [];
  const add = (kind, body) => {
    const oid = hashOf(kind, Buffer.from(body));
    if (!objects.some((object) => object.oid === oid)) {
      objects.push({ oid, kind, latin1: Buffer.from(body).toString("latin1") });
    }
    return oid;
  };
  const line = { start: START + 60, files: { ".signpolicy.json": policy } };
  const commit = (n, parent, signer, who) =>
    addCommits({ add }, { ...line, count: 1, from: n, parent, people: [{ signer, identity: who }] });
  const base = commit(0, null, signers.olga, olga);
  const standing = objects.length;
  const openpgp = commit(1, base, signers.olga, olga);
  const rsa = commit(2, openpgp, signers.rita, rita);
  const ssh = commit(3, rsa, signers.sam, sam);
  const unsigned = commit(4, openpgp, null, olga);
  const tagged = `object ${openpgp}\ntype commit\ntag v1\ntagger ${olga} ${START + 120} +0000\n\nThe first\n`;
  const tag = add("tag", tagged + signers.olga.sign(Buffer.from(tagged), START + 120).armored);
  const tips = { base, openpgp, rsa, ssh, unsigned, tag };
  const made = { policy, standing: objects.slice(0, standing), pushed: objects.slice(standing), tips };
  return `${plain(made)}\n`;
}

const policyOf = (keys) =>
  JSON.stringify({
    version: 1,
    principals: Object.fromEntries(
      NAMES.map((name, n) => [name.toLowerCase(), { name: `${name} Example`, emails: [email(name)], keys: [keys[n]] }]),
    ),
    groups: { team: NAMES.map((name) => name.toLowerCase()) },
    rules: [
      {
        name: "every branch",
        refs: ["refs/heads/**"],
        commits: { signedBy: ["team"] },
        updates: { force: "deny", delete: "deny" },
      },
      { name: "every tag", refs: ["refs/tags/**"], tags: { signedBy: ["team"] } },
    ],
  });

/** Keys and signatures that gpg makes, and its verdicts beside ours. */
import { expect, it } from "@jest/globals";
import { fromLatin1 } from "../../src/encoding/bytes.ts";
import type { Bytes, KeyWindow } from "../../src/model.ts";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { problemsToday, signingKeys } from "../../src/signature/openpgp/standing.ts";
import { withGnupgHome } from "../support/gpg.ts";
import type { Gnupg } from "../support/gpg.ts";
import { ALGORITHMS, DAY, NOW, PAYLOAD, SIGNED, judge } from "../support/openpgp.ts";
import { describeWith } from "../support/tools.ts";

const WHO = "Alice <alice@example.org>";
/** gpg's clock when keys are made. */
const THEN = SIGNED - 100 * DAY;
const verified = { outcome: "verified", lapsed: null };

describeWith(["gpg"], "gpg: algorithms", () => {
  it.each([
    ["ed25519", "ed25519", 256],
    ["rsa2048", "rsa", 2048],
    ["rsa3072", "rsa", 3072],
    ["rsa4096", "rsa", 4096],
    ["nistp256", "ecdsa-p256", 256],
    ["nistp384", "ecdsa-p384", 384],
    ["nistp521", "ecdsa-p521", 521],
    ["brainpoolP256r1", "ecdsa-brainpool-p256", 256],
    ["brainpoolP384r1", "ecdsa-brainpool-p384", 384],
    ["brainpoolP512r1", "ecdsa-brainpool-p512", 512],
    ["secp256k1", "ecdsa-secp256k1", 256],
  ])(
    "verifies %s, and refutes it over other bytes (bad-signature)",
    async (name, algorithm, bits) => {
      await withGnupgHome(async (gpg) => {
        const fingerprint = gpg.generateKey(WHO, name, { usage: "sign", at: THEN });
        const signature = gpg.sign(fingerprint, PAYLOAD, SIGNED);
        const certificate = gpg.exportKey(fingerprint);
        expect(await judge(signature, certificate)).toEqual({
          outcome: "verified",
          format: "openpgp",
          issuer: fingerprint,
          signedAt: SIGNED,
          signer: { key: { fingerprint, primary: fingerprint, algorithm, bits }, principal: "alice" },
          lapsed: null,
        });
        expect(await judge(signature, certificate, { payload: fromLatin1("other") })).toBeRefuted("bad-signature");
      });
    },
    60_000,
  );

  it("refutes RSA 1024 and DSA (weak-algorithm)", async () => {
    await withGnupgHome(async (gpg) => {
      for (const algorithm of ["rsa1024", "dsa2048"]) {
        const fingerprint = gpg.generateKey(`${algorithm}@example.org`, algorithm, { usage: "sign", at: THEN });
        const evidence = await judge(gpg.sign(fingerprint, PAYLOAD, SIGNED), gpg.exportKey(fingerprint));
        expect(evidence).toBeRefuted("weak-algorithm");
      }
    });
  }, 60_000);

  it("refutes a strong subkey of a DSA primary key (weak-algorithm)", async () => {
    await withGnupgHome(async (gpg) => {
      const primary = gpg.generateKey(WHO, "dsa2048", { usage: "cert", at: THEN });
      const subkey = gpg.addSubkey(primary, "ed25519", "sign", { at: THEN });
      const certificate = gpg.exportKey(primary);
      expect(await judge(gpg.sign(`${subkey}!`, PAYLOAD, SIGNED), certificate)).toBeRefuted("weak-algorithm");
      const read = readCertificate(certificate);
      expect(await problemsToday(read, {}, ALGORITHMS, NOW)).toMatchObject({ code: "weak-algorithm" });
    });
  }, 60_000);

  it("verifies what gpg writes with other digests and without armor CRC; refutes SHA-1 (weak-algorithm)", async () => {
    await withGnupgHome(async (gpg) => {
      const fingerprint = gpg.generateKey(WHO, "ed25519", { at: THEN });
      const certificate = gpg.exportKey(fingerprint);
      for (const digest of ["SHA256", "SHA384", "SHA512"]) {
        const signature = gpg.sign(fingerprint, PAYLOAD, SIGNED, ["--digest-algo", digest]);
        expect(await judge(signature, certificate)).toMatchObject(verified);
        const noCrc = fromLatin1(signature.toString("latin1").replace(/^=.{4}\n/m, ""));
        expect(await judge(noCrc, certificate)).toMatchObject(verified);
      }
      const options = ["--digest-algo", "SHA1", "--allow-weak-digest-algos"];
      expect(await judge(gpg.sign(fingerprint, PAYLOAD, SIGNED, options), certificate)).toBeRefuted("weak-algorithm");
    });
  }, 60_000);

  it("refutes a text-mode signature (wrong-signature-type)", async () => {
    await withGnupgHome(async (gpg) => {
      const fingerprint = gpg.generateKey(WHO, "ed25519", { at: THEN });
      const signature = gpg.sign(fingerprint, PAYLOAD, SIGNED, ["--textmode"]);
      expect(await judge(signature, gpg.exportKey(fingerprint))).toBeRefuted("wrong-signature-type");
    });
  }, 60_000);
});

/** Both verdicts at our clock. */
async function compare(
  gpg: Gnupg,
  signature: Bytes,
  name: string,
  window: KeyWindow = {},
): Promise<{ ours: Awaited<ReturnType<typeof judge>>; theirs: ReturnType<Gnupg["verify"]> }> {
  const theirs = gpg.verify(signature, PAYLOAD, NOW);
  return { ours: await judge(signature, gpg.exportKey(name), { window }), theirs };
}

describeWith(["gpg"], "gpg: subkeys and validity", () => {
  it("credits a signing subkey of a certify-only key; an encryption subkey and the primary are not for signing", async () => {
    await withGnupgHome(async (gpg) => {
      const primary = gpg.generateKey(WHO, "ed25519", { usage: "cert", at: THEN });
      const signing = gpg.addSubkey(primary, "rsa2048", "sign", { at: THEN });
      gpg.addSubkey(primary, "cv25519", "encr", { at: THEN });
      const signature = gpg.sign(`${signing}!`, PAYLOAD, SIGNED);
      const { ours, theirs } = await compare(gpg, signature, primary);
      expect(ours).toMatchObject({ ...verified, signer: { key: { fingerprint: signing, primary, algorithm: "rsa" } } });
      expect(theirs).toMatchObject({ fingerprint: signing });

      const certificate = readCertificate(gpg.exportKey(primary));
      expect(signingKeys(certificate).map(({ fingerprint }) => fingerprint)).toEqual([signing]);
      expect(await problemsToday(certificate, {}, ALGORITHMS, NOW)).toBeNull();
      const [primaryKey] = certificate.keys;
      expect(await problemsToday(certificate, {}, ALGORITHMS, NOW, primaryKey.fingerprint)).toMatchObject({
        code: "not-signing-capable",
      });
    });
  }, 60_000);

  it("keeps verifying after the expiry was extended, for key and subkey (gpg: GOODSIG)", async () => {
    await withGnupgHome(async (gpg) => {
      const primary = gpg.generateKey(WHO, "ed25519", { usage: "sign", expires: "200d", at: THEN });
      const subkey = gpg.addSubkey(primary, "ed25519", "sign", { expires: "200d", at: THEN });
      const signatures = [gpg.sign(`${primary}!`, PAYLOAD, SIGNED), gpg.sign(`${subkey}!`, PAYLOAD, SIGNED)];
      for (const signature of signatures) {
        const { ours, theirs } = await compare(gpg, signature, primary);
        expect(ours).toMatchObject({ outcome: "verified", lapsed: { code: "key-expired" } });
        expect(theirs.keywords).toContain("EXPKEYSIG");
      }
      const years = String(Math.ceil((NOW - SIGNED) / DAY) + 400);
      gpg.run(["--quick-set-expire", primary, `${years}d`], "", SIGNED + DAY);
      gpg.run(["--quick-set-expire", primary, `${years}d`, "*"], "", SIGNED + DAY);
      for (const signature of signatures) {
        const { ours, theirs } = await compare(gpg, signature, primary);
        expect(ours).toMatchObject(verified);
        expect(theirs.keywords).toContain("GOODSIG");
      }
    });
  }, 60_000);

  it("follows gpg where user IDs disagree about the expiry: the newest that names one", async () => {
    await withGnupgHome(async (gpg) => {
      const primary = gpg.generateKey(WHO, "ed25519", { usage: "sign", expires: "200d", at: THEN });
      gpg.run(["--quick-add-uid", primary, "Alice <alice@example.com>"], "", THEN + DAY);
      const signature = gpg.sign(primary, PAYLOAD, SIGNED);
      const { ours, theirs } = await compare(gpg, signature, primary);
      expect(theirs.keywords.has("EXPKEYSIG")).toBe(ours.outcome === "verified" && ours.lapsed !== null);
    });
  }, 60_000);

  it.each([
    [0, {}, "hard"],
    [2, {}, "hard"],
    [1, {}, "soft"],
    [3, {}, "soft"],
    [0, { retired: SIGNED + DAY }, "soft"],
    [2, { retired: SIGNED + DAY }, "hard"],
  ] as const)(
    "judges a revocation with reason %s, policy %j, as %s (gpg: REVKEYSIG)",
    async (reason, window, kind) => {
      await withGnupgHome(async (gpg) => {
        const fingerprint = gpg.generateKey(WHO, "ed25519", { usage: "sign", at: THEN });
        const before = gpg.sign(fingerprint, PAYLOAD, SIGNED);
        const after = gpg.sign(fingerprint, PAYLOAD, SIGNED + 2 * DAY);
        gpg.revoke(fingerprint, reason, SIGNED + DAY);
        const first = await compare(gpg, before, fingerprint, window);
        expect(first.theirs.keywords).toContain("REVKEYSIG");
        if (kind === "hard") expect(first.ours).toBeRefuted("key-revoked");
        else expect(first.ours).toMatchObject({ outcome: "verified", lapsed: { code: "key-revoked" } });
        expect((await compare(gpg, after, fingerprint, window)).ours).toBeRefuted("key-revoked");
      });
    },
    60_000,
  );

  it("takes gpg's ready-made revocation as hard, which the policy's `retired` softens (key-revoked)", async () => {
    await withGnupgHome(async (gpg) => {
      const fingerprint = gpg.generateKey(WHO, "ed25519", { usage: "sign", at: SIGNED - 1 });
      const signature = gpg.sign(fingerprint, PAYLOAD, SIGNED - 1);
      gpg.importReadyRevocation(fingerprint);
      expect((await compare(gpg, signature, fingerprint)).ours).toBeRefuted("key-revoked");
    });
  }, 60_000);

  it("revokes one subkey and leaves the other alone", async () => {
    await withGnupgHome(async (gpg) => {
      const primary = gpg.generateKey(WHO, "ed25519", { usage: "cert", at: THEN });
      const [lost, kept] = [1, 2].map(() => gpg.addSubkey(primary, "ed25519", "sign", { at: THEN }));
      const [byLost, byKept] = [lost, kept].map((subkey) => gpg.sign(`${subkey ?? ""}!`, PAYLOAD, SIGNED));
      gpg.revokeSubkey(primary, 1, 2, SIGNED + DAY);
      const first = await compare(gpg, byLost ?? PAYLOAD, primary);
      expect(first.ours).toBeRefuted("key-revoked");
      expect(first.theirs.keywords).toContain("REVKEYSIG");
      expect((await compare(gpg, byKept ?? PAYLOAD, primary)).ours).toMatchObject(verified);
    });
  }, 60_000);

  it("says what keeps a key from signing today", async () => {
    await withGnupgHome(async (gpg) => {
      const fingerprint = gpg.generateKey(WHO, "ed25519", { usage: "sign", expires: "30d", at: THEN });
      const certificate = readCertificate(gpg.exportKey(fingerprint));
      expect(await problemsToday(certificate, {}, ALGORITHMS, THEN + DAY)).toBeNull();
      expect(await problemsToday(certificate, {}, ALGORITHMS, NOW)).toMatchObject({ code: "key-expired" });
      expect(await problemsToday(certificate, { compromised: true }, ALGORITHMS, THEN + DAY)).toMatchObject({
        code: "key-revoked",
      });
      expect(await problemsToday(certificate, { retired: THEN }, ALGORITHMS, THEN + DAY)).toMatchObject({
        code: "key-retired",
      });
    });
  }, 60_000);

  it("refuses a secret key where a public one belongs (ERR_KEY_INVALID)", async () => {
    await withGnupgHome((gpg) => {
      const fingerprint = gpg.generateKey(WHO, "ed25519", { at: THEN });
      const secret = gpg.run(["--armor", "--export-secret-keys", fingerprint]);
      expect(() => readCertificate(secret)).toThrowCode("ERR_KEY_INVALID");
      const binary = gpg.run(["--export-secret-keys", fingerprint]);
      expect(() => readCertificate(binary)).toThrowCode("ERR_KEY_INVALID");
    });
  }, 60_000);
});

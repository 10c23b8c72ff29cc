/** Keys that come from gpg and from a forge, and what of them git's own verification then says. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { readCertificate } from "../../src/signature/openpgp/certificate.ts";
import { addKeys } from "../../src/check/keys-add.ts";
import type { AddKeysOptions } from "../../src/check/keys-add.ts";
import { exportKeys, writeAllowedSigners } from "../../src/check/keys-export.ts";
import { checkKeys } from "../../src/check/keys-list.ts";
import { renewKey } from "../../src/check/keys-mark.ts";
import { Gnupg } from "../support/gpg.ts";
import { sshLine } from "../support/policy-folder.ts";
import { Repo } from "../support/repo.ts";
import { describeWith } from "../support/tools.ts";
import { SshKeygen } from "../support/ssh-keygen.ts";

const now = (): number => Math.floor(Date.now() / 1000);

let repo: Repo;
let server: Server | null = null;
let keygen: SshKeygen;

beforeEach(() => {
  repo = new Repo();
  keygen = new SshKeygen();
  mkdirSync(join(repo.home, "g"), { mode: 0o700 });
  writeFileSync(join(repo.dir, ".signpolicy.yaml"), POLICY);
});

afterEach(() => {
  repo.run("gpgconf", ["--kill", "all"]);
  repo.remove();
  keygen.dispose();
  server?.close();
  server = null;
});

const POLICY = `version: 1
principals:
  root: { emails: [root@example.org], keys: [{ ssh: ${sshLine(7)} }] }
rules:
  - { name: main, refs: [refs/heads/main], commits: { signedBy: ["*"] } }
`;

const options = (source: string, more: Partial<AddKeysOptions> = {}): AddKeysOptions => ({
  directory: repo.dir,
  environment: repo.env,
  source,
  emails: [],
  only: [],
  all: false,
  ca: false,
  now: now(),
  ...more,
});

const choice = () => ({ directory: repo.dir, environment: repo.env });

/** Answers each path with these bytes, on this machine alone. */
async function serve(pages: Readonly<Record<string, string>>): Promise<string> {
  server = createServer((request, response) => {
    const page = pages[request.url ?? ""];
    if (page?.startsWith("-> ") === true) response.writeHead(302, { location: page.slice(3) }).end();
    else response.writeHead(page === undefined ? 404 : 200).end(page);
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

describeWith(["gpg", "ssh-keygen"], "keys", () => {
  it("come from gpg's keyring by their fingerprint, and git then verifies by what is exported", async () => {
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    const fingerprint = gpg.generateKey("Alice Example <alice@example.org>");
    const added = await addKeys(options(fingerprint));
    expect(added).toMatchObject({
      added: [{ principal: "alice", fingerprint }],
      made: [{ emails: ["alice@example.org"] }],
    });

    repo.config("user.signingkey", fingerprint);
    repo.git(["commit", "-qS", "--allow-empty", "-m", "openpgp"]);
    const { text } = await exportKeys("keyring", choice(), now());
    const other = { GNUPGHOME: join(repo.root, "o") };
    mkdirSync(other.GNUPGHOME, { mode: 0o700 });
    expect(repo.run("git", ["verify-commit", "HEAD"], { env: other }).status).not.toBe(0);
    expect(repo.run("gpg", ["--batch", "--import"], { env: other, input: text }).status).toBe(0);
    expect(repo.run("git", ["verify-commit", "HEAD"], { env: other }).status).toBe(0);
    repo.run("gpgconf", ["--kill", "all"], { env: other });
  });

  it("are renewed from gpg's keyring, and a copy that lost a subkey is refused", async () => {
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    const fingerprint = gpg.generateKey("Alice Example <alice@example.org>", "ed25519", { expires: "10d" });
    const poorer = gpg.exportKey(fingerprint);
    await addKeys(options(fingerprint));
    gpg.addSubkey(fingerprint, "ed25519", "sign");
    await renewKey({ ...choice(), key: "alice", now: now() });
    expect(readCertificate(readFileSync(join(repo.dir, "keys/alice.asc"))).keys).toHaveLength(2);
    writeFileSync(join(repo.dir, "poorer.asc"), poorer);
    await expect(renewKey({ ...choice(), key: "alice", source: "poorer.asc", now: now() })).rejects.toMatchObject({
      code: "ERR_USAGE",
      message: expect.stringContaining("would no longer verify"),
    });
  });

  it("are given more time by the command that `keys check` prints, whichever part of them ends", async () => {
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    const DAY = 24 * 60 * 60;
    const complaints = async (within: number) => (await checkKeys(choice(), within, now())).complaints;
    // The primary key's end and the subkey's; what is not named is none of the command's business.
    for (const [expires, subkey, parts] of [
      ["3y", "30d", 1],
      ["30d", "0", 2],
      ["30d", null, 1],
    ] as const) {
      writeFileSync(join(repo.dir, ".signpolicy.yaml"), POLICY);
      const email = `a${expires}${String(subkey)}@example.org`;
      const usage = subkey === null ? "sign" : "cert";
      const fingerprint = gpg.generateKey(`Alice <${email}>`, "ed25519", { usage, expires });
      if (subkey !== null) gpg.addSubkey(fingerprint, "ed25519", "sign", { expires: subkey });
      await addKeys(options(fingerprint, { principal: "alice" }));
      expect(await complaints(10 * DAY)).toEqual([]);
      const [complaint] = await complaints(60 * DAY);
      expect(complaint?.message).toMatch(/^will not be able to sign from \d{4}-.*Z on$/);
      const commands = (complaint?.fix ?? "").split(" && ");
      expect(commands).toHaveLength(parts + 1);
      expect(commands.pop()).toBe(`signpolicy keys renew ${fingerprint}`);
      for (const command of commands) gpg.run(command.split(" ").slice(1));
      await renewKey({ ...choice(), key: fingerprint, now: now() });
      expect(await complaints(60 * DAY)).toEqual([]);
    }
  });

  it("are exported under names that ssh-keygen and people read as they are, and under no other", async () => {
    const line = keygen.make("alice", "ed25519").trim();
    const odd = ["a\u001b[31m@x", "b\u202e@x", "c\u009b@x", "*@x", "d e@x"];
    const emails = ["alice@example.org", "z\u00fc@x", ...odd];
    const policy = { version: 1, principals: { alice: { emails, keys: [{ ssh: line }] } }, rules: [] as object[] };
    policy.rules.push({ name: "all", refs: ["refs/heads/**"], commits: { signedBy: ["alice"] } });
    writeFileSync(join(repo.dir, ".signpolicy.yaml"), JSON.stringify(policy));
    const { text, omitted } = await exportKeys("allowed-signers", choice(), now());
    expect(text.split(" ")[0]).toBe("alice@example.org,z\u00fc@x");
    expect(omitted).toHaveLength(odd.length);
  });

  it("are taken from a signed commit only when its signature verifies, whatever it says", async () => {
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    const fingerprint = gpg.generateKey("Alice Example <alice@example.org>");
    repo.config("user.signingkey", fingerprint);
    repo.git(["commit", "-qS", "--allow-empty", "-m", "good"]);
    const raw = repo.raw("commit", repo.git(["rev-parse", "HEAD"]));
    const tampered = repo.write(
      "commit",
      Buffer.from(raw.toString("latin1").replace("\n\ngood", "\n\nevil"), "latin1"),
    );
    await expect(addKeys(options(tampered))).rejects.toMatchObject({ code: "ERR_KEY_INVALID" });
    expect(readFileSync(join(repo.dir, ".signpolicy.yaml"), "utf8")).toBe(POLICY);
    expect((await addKeys(options("HEAD"))).added).toMatchObject([{ fingerprint, principal: "alice" }]);
  });

  it("let plain git log verify SSH signatures, each in its window", async () => {
    const line = keygen.make("alice", "ed25519").trim();
    await addKeys(options(line, { principal: "alice", emails: ["alice@example.org"], until: 1_700_000_500 }));
    repo.config("gpg.format", "ssh");
    repo.config("user.signingkey", keygen.path("alice"));
    const { file } = await writeAllowedSigners(choice(), now());
    expect(repo.git(["config", "gpg.ssh.allowedSignersFile"])).toBe(file);
    const state = (date: number): string => {
      repo.git(["commit", "-qS", "--allow-empty", "-m", "ssh"], { env: { GIT_COMMITTER_DATE: `${date} +0000` } });
      return repo.git(["log", "-1", "--format=%G? %GS"]);
    };
    expect(state(1_700_000_499)).toBe("G alice@example.org");
    expect(state(1_700_000_500)).toMatch(/^[UB]/);
  });

  it("come from a forge's lists, bounded, and without what its server says of their owner", async () => {
    const [mine, certificate] = [keygen.make("forge", "ed25519").trim().split(" ").slice(0, 2).join(" "), "no key\n"];
    const address = await serve({
      "/alice.keys": `${mine} \u001b[31mroot@example.org\nssh-dss AAAA\n`,
      "/alice.gpg": certificate,
    });
    await expect(addKeys(options(`${address}/alice`))).rejects.toMatchObject({ code: "ERR_USAGE" });
    await addKeys(options(`${address}/alice`, { principal: "alice", emails: ["alice@example.org"] }));
    const written = readFileSync(join(repo.dir, ".signpolicy.yaml"), "utf8");
    expect(written).toContain(`- ssh: ${mine}\n`);
    expect(written).not.toMatch(/root@example\.org *$|31m/m);
    await expect(addKeys(options(`${address}/nobody`, { principal: "alice" }))).rejects.toMatchObject({
      code: "ERR_KEY_INVALID",
    });
  });

  it("come from no server that floods, redirects to another scheme, or is not encrypted", async () => {
    const address = await serve({
      "/flood.keys": "a".repeat(3 << 20),
      "/away.keys": "-> file:///etc/passwd",
      "/plain.keys": "-> http://192.0.2.1/alice.keys",
      "/loop.keys": "-> /loop.keys",
      "/broken.keys": "-> http://[",
      "/lines.keys": "a\n".repeat(500_000),
      "/many.keys": "ssh-ed25519 AAAA\n".repeat(60_000),
    });
    const from = (path: string) => addKeys(options(`${address}/${path}`, { principal: "alice", emails: ["a@b"] }));
    await expect(from("flood.keys")).rejects.toMatchObject({ code: "ERR_IO" });
    await expect(from("away.keys")).rejects.toMatchObject({ code: "ERR_USAGE" });
    await expect(from("plain.keys")).rejects.toMatchObject({ code: "ERR_USAGE" });
    await expect(from("loop.keys")).rejects.toMatchObject({ code: "ERR_IO" });
    await expect(from("broken.keys")).rejects.toMatchObject({ code: "ERR_USAGE" });
    const cpu = process.cpuUsage();
    await expect(from("lines.keys")).rejects.toMatchObject({ code: "ERR_KEY_INVALID" });
    await expect(from("many.keys")).rejects.toMatchObject({ code: "ERR_KEY_INVALID" });
    // Each of half a million lines was parsed before, for fifteen seconds.
    expect(process.cpuUsage(cpu).user).toBeLessThan(5_000_000);
  });

  it("of a forge are those whose fingerprints are known, wherever they are fetched from", async () => {
    const gpg = new Gnupg(repo.env["GNUPGHOME"] ?? "");
    const stranger = gpg.exportKey(gpg.generateKey("GitHub <noreply@github.com>")).toString();
    const data = JSON.parse(readFileSync("config/forges/github.json", "utf8")) as { keys: { openpgp: string }[] };
    const address = await serve({ "/web-flow.gpg": stranger + (data.keys[0]?.openpgp ?? ""), "/evil.gpg": stranger });
    await expect(addKeys(options("forge:github", { url: `${address}/evil.gpg` }))).rejects.toMatchObject({
      code: "ERR_IO",
    });
    const { added } = await addKeys(options("forge:github", { url: `${address}/web-flow.gpg` }));
    expect(added.map(({ fingerprint }) => fingerprint)).toEqual(["968479A1AFF927E37D1A566BB5690EEEBB952194"]);
  });

  it("of a forge are known to gpg by the fingerprints that are shipped", async () => {
    await addKeys(options("forge:github"));
    const shown = ["keys/github.asc", "keys/github-3AFDEB23.asc"].map((file) =>
      repo.run("gpg", ["--with-colons", "--show-keys", join(repo.dir, file)]).stdout.toString(),
    );
    expect(shown.map((text) => /^fpr:+([0-9A-F]+):/m.exec(text)?.[1])).toEqual([
      "968479A1AFF927E37D1A566BB5690EEEBB952194",
      "5DE3E0509C47EA3CF04A42D34AEE18F83AFDEB23",
    ]);
  });
});

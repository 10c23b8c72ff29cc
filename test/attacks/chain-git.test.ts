/**
 * The scenarios of git's own suites for signatures (t7510, t7528, t7030, t7031, t7612, t5573, t5534) in our terms, judged from a
 * trust root where that makes sense. Where git passes what it should not, the test says so.
 * Stopped by: the stored bytes are verified (subject/, signature/), and the policy judges (policy/).
 */
import { describe, expect, it, jest } from "@jest/globals";
import {
  alice,
  BEGUN,
  bob,
  carol,
  eve,
  keyed,
  pgpPerson,
  POLICY,
  policyText,
  withHistory,
  type History,
} from "../support/authenticated.ts";
import { withServer } from "../support/push-server.ts";

jest.setTimeout(60_000);

const X509 = "-----BEGIN SIGNED MESSAGE-----\nMIIBAgYJKoZIhvcNAQcCoAA=\n-----END SIGNED MESSAGE-----\n";
const tagRules = {
  rules: [
    { name: "branches", refs: ["refs/heads/**"], commits: { signedBy: ["*"] } },
    { name: "tags", refs: ["refs/tags/**"], tags: { signedBy: ["*"] } },
  ],
};

/** The same object with its text changed, its signature left as it is. */
function edited(history: History, kind: "commit" | "tag", oid: string, edit: (text: string) => string): string {
  const text = history.repo.raw(kind, oid).toString("latin1");
  const changed = edit(text);
  if (changed === text) throw new Error("nothing was edited");
  return history.repo.write(kind, Buffer.from(changed, "latin1"));
}
describe("commits (t7510, t7528)", () => {
  it("fudged payload (bad-signature)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const good = history.same(alice, [root]);
      expect((await history.verify(root, [good])).allowed).toBe(true);
      for (const [from, to] of [
        [/\ncommit (\d+)\n$/, "\ncommit $1 7th forged\n"],
        [/author alice/, "author alicia"],
        [/\+0000/, "+0100"],
      ] as const) {
        const forged = edited(history, "commit", good, (text) => text.replace(from, to));
        expect((await history.verify(root, [forged])).codes).toEqual(["bad-signature"]);
      }
    }));

  it("NUL in payload: what stands behind it is signed as well (bad-signature)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const good = history.same(alice, [root], { message: "one\0two" });
      expect((await history.verify(root, [good])).allowed).toBe(true);
      const forged = edited(history, "commit", good, (text) => text.replace("\0two", "\0three"));
      expect((await history.verify(root, [forged])).codes).toEqual(["bad-signature"]);
      const cut = edited(history, "commit", good, (text) => text.replace("\0two", ""));
      expect((await history.verify(root, [cut])).codes).toEqual(["bad-signature"]);
    }));

  it("double signature (multiple-signatures)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const header = /gpgsig (?:.*\n)(?: .*\n)+/;
      const [one, other] = [history.same(alice, [root]), history.same(bob, [root])];
      const second = header.exec(history.repo.raw("commit", other).toString("latin1"))?.[0] ?? "";
      for (const twice of [
        (first: string) => first + first,
        (first: string) => first + second,
        (first: string) => second + first,
      ]) {
        const doubled = edited(history, "commit", one, (text) => text.replace(header, (first) => twice(first)));
        expect((await history.verify(root, [doubled])).codes).toEqual(["multiple-signatures"]);
      }
    }));

  it("bare signature: base64 without its armor, or an armor of nothing, is none (malformed)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const good = history.same(alice, [root]);
      const bare = edited(history, "commit", good, (text) =>
        text
          .replace("gpgsig -----BEGIN SSH SIGNATURE-----\n ", "gpgsig ")
          .replace(" -----END SSH SIGNATURE-----\n", ""),
      );
      const hollow = edited(history, "commit", good, (text) =>
        text.replace(/(BEGIN SSH SIGNATURE-----\n)(?: [^-]*\n)+/, "$1"),
      );
      for (const odd of [bare, hollow]) expect((await history.verify(root, [odd])).codes).toEqual(["malformed"]);
    }));

  it("non-UTF-8 message: its bytes are signed, whatever they mean (bad-signature)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const good = history.same(alice, [root], { message: "caf\xe9 \xff\xfe" });
      expect((await history.verify(root, [good])).allowed).toBe(true);
      const forged = edited(history, "commit", good, (text) => text.replace("\xe9", "\xe8"));
      expect((await history.verify(root, [forged])).codes).toEqual(["bad-signature"]);
    }));

  it("amended commit: the old signature does not carry over, a new one does (bad-signature)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const amended = edited(history, "commit", history.same(alice, [root]), (text) =>
        text.replace(/commit \d+\n$/, "amended\n"),
      );
      expect((await history.verify(root, [amended])).codes).toEqual(["bad-signature"]);
      expect((await history.verify(root, [history.same(alice, [root], { message: "amended" })])).allowed).toBe(true);
    }));

  it("expired, not-yet-valid, in-range and out-of-range key dates (key-expired, key-not-yet-valid)", () =>
    withHistory(async (history) => {
      const at = (seconds: number): string => new Date((BEGUN + seconds) * 1000).toISOString().replace(".000", "");
      const window = (from: number, until: number): string =>
        policyText({ principals: keyed(carol, { ssh: carol.key.line.trim(), from: at(from), until: at(until) }) });
      const pat = pgpPerson("pat", 41);
      for (const [from, until, codes] of [
        [0, 10_000_000, []],
        [0, 30, ["key-expired"]],
        [5_000_000, 10_000_000, ["key-not-yet-valid"]],
      ] as const) {
        const root = history.root(window(from, until));
        expect((await history.verify(root, [history.same(carol, [root])])).codes).toEqual(codes);
      }
      const life = policyText({ principals: keyed(pat, { openpgp: pat.certificate({ life: 60 }) }) });
      const root = history.root(life);
      expect((await history.verify(root, [history.same(pat, [root])])).codes).toEqual(["key-expired"]);
    }));

  it("minTrustLevel low, match, high: there is one level, to stand in the policy (unknown-key)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const next = history.same(alice, [root]);
      // git takes any key of its keyring for `verify-commit`, trusted or not.
      expect((await history.verify(root, [history.same(eve, [next])])).codes).toEqual(["unknown-key"]);
      expect((await history.verify(root, [history.same(bob, [next])])).allowed).toBe(true);
    }));

  it("wrong hash-algo header: a signature in the other algorithm's header is none (unsigned)", () =>
    withHistory(async (history) => {
      const root = history.root();
      const moved = edited(history, "commit", history.same(alice, [root]), (text) =>
        text.replace("gpgsig ", "gpgsig-sha256 "),
      );
      expect((await history.verify(root, [moved])).codes).toEqual(["unsigned"]);
    }));
});

describe("tags (t7030, t7031)", () => {
  it("forged tag (bad-signature)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: tagRules }));
      const tip = history.same(bob, [root]);
      const good = history.tag(alice, "v1", tip);
      expect((await history.verify(root, ["refs/tags/v1"])).allowed).toBe(true);
      for (const [from, to] of [
        ["\n\nv1\n", "\n\nv1 forged\n"],
        [`object ${tip}`, `object ${root}`],
      ] as const) {
        history.repo.updateRef(
          "refs/tags/v1",
          edited(history, "tag", good, (text) => text.replace(from, to)),
        );
        expect((await history.verify(root, ["refs/tags/v1"])).allowed).toBe(false);
      }
      history.repo.updateRef(
        "refs/tags/v1",
        edited(history, "tag", good, (text) => text.replace("\n\nv1", "\n\nv2")),
      );
      expect((await history.verify(root, ["refs/tags/v1"])).codes).toEqual(["bad-signature"]);
    }));

  it("x509 tags: a format that is not judged proves nothing (unsupported)", () =>
    withHistory(async (history) => {
      const root = history.root(policyText({ more: tagRules }));
      const tip = history.same(bob, [root]);
      const plain = history.tag(null, "v1", tip);
      history.repo.updateRef(
        "refs/tags/v1",
        edited(history, "tag", plain, (text) => text + X509),
      );
      expect((await history.verify(root, ["refs/tags/v1"])).codes).toEqual(["unsupported"]);
    }));
});

describe("merges and pushes (t7612, t5573, t5534)", () => {
  it("unborn-branch merge: what a first branch is made of is judged as anything else (unsigned)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.server.config("signpolicy.trustRoot", root);
      const bad = server.commit(null, { parents: [root] });
      expect(server.push([`${bad}:refs/heads/main`]).text).toContain("unsigned");
      const merge = server.commit(alice, { parents: [root, bad] });
      expect(server.push([`${merge}:refs/heads/main`]).text).toContain("unsigned");
      expect(server.push([`${server.commit(alice, { parents: [root] })}:refs/heads/main`]).text).toContain("-> main");
    }));

  it("atomic push failure: one bad ref, and none of the push lands (unknown-key)", () =>
    withServer(null, (server) => {
      const root = server.commit(alice, { files: { [POLICY]: policyText() } });
      server.server.config("signpolicy.trustRoot", root);
      const first = server.commit(alice, { parents: [root] });
      expect(server.push([`${first}:refs/heads/main`]).status).toBe(0);
      const [good, bad] = [server.commit(bob, { parents: [first] }), server.commit(eve, { parents: [first] })];
      for (const options of [["--atomic"], []]) {
        const refused = server.push([...options, `${good}:refs/heads/main`, `${bad}:refs/heads/topic`]);
        expect(refused.text).toContain("unknown-key");
        expect([server.value("refs/heads/main"), server.value("refs/heads/topic")]).toEqual([first, null]);
      }
    }));

  // Replayed nonces, and certificates without an update, have push-certificates.test.ts and ref-updates.test.ts.
});

import { describe, expect, it } from "@jest/globals";
import { readKeyList } from "../../../src/check/key-list.ts";
import { concatBytes } from "../../../src/encoding/bytes.ts";
import * as pgp from "../../support/openpgp.ts";

const key = pgp.ed25519Key({ seed: 1 });
const withUserId = (userId: string) =>
  concatBytes(pgp.publicKey(key), pgp.userId(userId), pgp.certification(key, userId));

describe("readKeyList", () => {
  it("takes the name and e-mail that a certificate's user ID claims", () => {
    expect(readKeyList(withUserId("Alice (work) <alice@example.org>"))).toMatchObject([
      { format: "openpgp", name: "Alice", emails: ["alice@example.org"] },
    ]);
  });

  it("reads nothing out of a user ID that gpg would not take, and takes no time for it (attack 76)", () => {
    const start = performance.now();
    const [offered] = readKeyList(withUserId(`Alice${" ".repeat(1024 * 1024)}(`));
    expect(offered).toMatchObject({ format: "openpgp", name: null, emails: [] });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

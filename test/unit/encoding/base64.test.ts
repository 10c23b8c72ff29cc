import { describe, expect, it } from "@jest/globals";
import { decodeBase64, encodeBase64, encodeBase64Unpadded } from "../../../src/encoding/base64.ts";
import { latin1 } from "../../../src/encoding/bytes.ts";

describe("base64", () => {
  it.each([
    ["", ""],
    ["f", "Zg=="],
    ["fo", "Zm8="],
    ["foobar", "Zm9vYmFy"],
  ])("reads and writes the vector %j of RFC 4648 §10", (plain, text) => {
    expect(latin1(decodeBase64(text))).toBe(plain);
    expect(encodeBase64(Buffer.from(plain))).toBe(text);
  });
  it.each(["Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 8=", "Zm8=\n", "Zm8-", "_m8=", "=", "Zg==Zg=="])(
    "refuses %j",
    (text) => {
      expect(() => decodeBase64(text)).toThrowCode("ERR_PARSE");
    },
  );
  it("leaves the padding off for fingerprints", () => {
    expect(encodeBase64Unpadded(Buffer.from("f"))).toBe("Zg");
    expect(encodeBase64Unpadded(Buffer.from("foo"))).toBe("Zm9v");
  });
});

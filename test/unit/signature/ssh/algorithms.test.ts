import { describe, expect, it } from "@jest/globals";
import { KEY_TYPES, certifiedShape, isDsa, shapeOf } from "../../../../src/signature/ssh/algorithms.ts";

describe("the table of SSH key types", () => {
  it("holds exactly the plain types", () => {
    expect(KEY_TYPES).toEqual([
      "ssh-ed25519",
      "ecdsa-sha2-nistp256",
      "ecdsa-sha2-nistp384",
      "ecdsa-sha2-nistp521",
      "ssh-rsa",
      "sk-ssh-ed25519@openssh.com",
      "sk-ecdsa-sha2-nistp256@openssh.com",
    ]);
    for (const type of KEY_TYPES) expect(shapeOf(type)?.type).toBe(type);
  });
  it("knows the certificate type of each", () => {
    expect(certifiedShape("ssh-rsa-cert-v01@openssh.com")?.type).toBe("ssh-rsa");
    expect(certifiedShape("sk-ssh-ed25519-cert-v01@openssh.com")?.type).toBe("sk-ssh-ed25519@openssh.com");
    expect(certifiedShape("sk-ecdsa-sha2-nistp256-cert-v01@openssh.com")?.type).toBe(
      "sk-ecdsa-sha2-nistp256@openssh.com",
    );
    expect(certifiedShape("ssh-rsa")).toBeNull();
    expect(certifiedShape("rsa-sha2-256-cert-v01@openssh.com")).toBeNull();
  });
  it("never lets SHA-1 stand for RSA", () => {
    expect(shapeOf("ssh-rsa")?.signatures).toEqual(["rsa-sha2-256", "rsa-sha2-512"]);
  });
  it.each(["toString", "constructor", "__proto__", "ssh-dss", "rsa-sha2-512", ""])("finds nothing under %j", (type) => {
    expect(shapeOf(type)).toBeNull();
    expect(certifiedShape(type)).toBeNull();
  });
  it("recognises DSA", () => {
    expect(isDsa("ssh-dss")).toBe(true);
    expect(isDsa("ssh-dss-cert-v01@openssh.com")).toBe(true);
    expect(isDsa("ssh-rsa")).toBe(false);
  });
});

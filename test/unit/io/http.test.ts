import { describe, expect, it } from "@jest/globals";
import { redirected } from "../../../src/io/http.ts";

const from = (address: string, location: string) => redirected(location, new URL(address));

describe("a redirect while keys are fetched", () => {
  it.each([
    "https://localhost/x",
    "http://127.0.0.1:8080/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0/x",
    "http://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://a.localhost/x",
  ])("from elsewhere leads to nothing on this machine: %s", (location) => {
    expect(() => from("https://example.org/a.keys", location)).toThrowCode("ERR_IO");
  });

  it("leads elsewhere by https, and from this machine to itself", () => {
    expect(from("https://example.org/a.keys", "/b.keys").href).toBe("https://example.org/b.keys");
    expect(from("https://example.org/a", "https://example.net/b").href).toBe("https://example.net/b");
    expect(from("http://127.0.0.1:1/a", "http://localhost:2/b").href).toBe("http://localhost:2/b");
  });

  it.each(["http://example.org/", "file:///etc/passwd", "https://u:p@example.org/", "http://["])(
    "leads nowhere that an address typed by hand would not: %s",
    (location) => {
      expect(() => from("https://example.org/a", location)).toThrowCode("ERR_USAGE");
    },
  );
});

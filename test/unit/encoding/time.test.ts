import { describe, expect, it } from "@jest/globals";
import { formatTime, parseTime } from "../../../src/encoding/time.ts";

describe("formatTime", () => {
  it("writes UTC without fractions", () => {
    expect(formatTime(0)).toBe("1970-01-01T00:00:00Z");
    expect(formatTime(1784758165)).toBe("2026-07-22T22:09:25Z");
  });
  it("writes times that no calendar holds as git does", () => {
    expect(formatTime(253_402_300_799)).toBe("9999-12-31T23:59:59Z");
    expect(formatTime(253_402_300_800)).toBe("@253402300800");
    expect(formatTime(Number.MAX_SAFE_INTEGER)).toBe("@9007199254740991");
  });
});

describe("parseTime", () => {
  it("reads RFC 3339 with a zone", () => {
    expect(parseTime("2026-07-22T22:09:25Z")).toBe(1784758165);
    expect(parseTime("2026-07-23T00:09:25+02:00")).toBe(1784758165);
    expect(parseTime("2026-07-22T22:09:25.000Z")).toBe(1784758165);
    expect(parseTime("2024-02-29T00:00:00Z")).toBe(1709164800);
  });
  it.each([
    "",
    "2026-07-22",
    "2026-07-22T22:09:25",
    "2026-07-22 22:09:25Z",
    "2026-07-22T22:09Z",
    "2026-07-22T22:09:25.5Z",
    "2026-02-30T00:00:00Z",
    "2025-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T23:59:60Z",
    "2026-01-01T00:00:00+24:00",
    "2026-01-01T00:00:00z",
    " 2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00Z\n",
    "1784758165",
  ])("refuses %j", (text) => {
    expect(() => parseTime(text)).toThrowCode("ERR_PARSE");
  });
});

import { describe, expect, it } from "@jest/globals";
import { latin1 } from "../../../src/encoding/bytes.ts";
import { escapeJsonText, escapeTerminal } from "../../../src/encoding/text.ts";

const asBytes = (text: string) => latin1(Buffer.from(text, "utf8"));

describe("escapeTerminal", () => {
  it("leaves plain text and decodes UTF-8 that arrives as bytes", () => {
    expect(escapeTerminal("Fix the build (#12)")).toBe("Fix the build (#12)");
    expect(escapeTerminal(asBytes("Zoë Žižek 日本語 🙂"))).toBe("Zoë Žižek 日本語 🙂");
    expect(escapeTerminal("日本語")).toBe("日本語");
  });
  it.each([
    ["a terminal sequence", "\x1b[31mred", "\\x1b[31mred"],
    ["line ends and tabs", "a\r\n\tb", "a\\x0d\\x0a\\x09b"],
    ["NUL and DEL", "\0\x7f", "\\x00\\x7f"],
    ["C1 controls in UTF-8", asBytes("\u009b31m"), "\\x9b31m"],
    ["lone bytes", "a\xffb\x9b", "a\\xffb\\x9b"],
    ["overlong UTF-8", "\xc0\xafx", "\\xc0\\xafx"],
    ["surrogates in UTF-8", "\xed\xa0\x80", "\\xed\\xa0\\x80"],
    ["a sequence cut short", "\xe2\x82", "\\xe2\\x82"],
    ["bidirectional controls", asBytes("a\u202eb\u2066"), "a\\u202eb\\u2066"],
    ["zero-width characters", asBytes("a\u200bb\u2060\ufeff"), "a\\u200bb\\u2060\\ufeff"],
    ["line separators", asBytes("a\u2028b\u2029"), "a\\u2028b\\u2029"],
    ["odd blanks", asBytes("a\u00a0b\u3000"), "a\\xa0b\\u3000"],
    ["invisible fillers", asBytes("\u115f\u3164"), "\\u115f\\u3164"],
    ["tag characters", asBytes("\u{e0041}"), "\\u{e0041}"],
    ["a lone surrogate in text", "日\ud800", "日\\ud800"],
  ])("makes %s visible", (_, text, shown) => {
    expect(escapeTerminal(text)).toBe(shown);
  });
  it("keeps to a length", () => {
    expect(escapeTerminal("abcdef", { max: 6 })).toBe("abcdef");
    expect(escapeTerminal("abcdefg", { max: 6 })).toBe("abc...");
    expect(escapeTerminal("\x1b".repeat(1_000_000), { max: 8 })).toBe("\\x1b\\...");
    expect(escapeTerminal(asBytes("🙂".repeat(1000)), { max: 6 })).toBe("🙂...");
    expect(escapeTerminal(asBytes("€".repeat(1000)), { max: 6 })).toBe("€€€...");
  });
});

describe("escapeJsonText", () => {
  it("decodes UTF-8 and replaces what is none", () => {
    expect(escapeJsonText("plain\n")).toBe("plain\n");
    expect(escapeJsonText(asBytes("Zoë"))).toBe("Zoë");
    expect(escapeJsonText("Zo\xeb")).toBe("Zo\ufffd");
    expect(escapeJsonText("日\ud800")).toBe("日\ufffd");
  });
});

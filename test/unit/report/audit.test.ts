import { createHash } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { AuditCollector } from "../../../src/report/audit/collect.ts";
import { element, render } from "../../../src/report/audit/markup.ts";
import { percent } from "../../../src/report/audit/over-time.ts";
import { renderAuditPage } from "../../../src/report/audit/page.ts";
import { periodsOf } from "../../../src/report/audit/periods.ts";
import { auditFacts, decisions, HOSTILE, NOW } from "../../support/audit.ts";

const DAY = 86_400;
const page = renderAuditPage(auditFacts(700));

describe("the page of report --html", () => {
  it("is the same for the same facts", () => {
    expect(renderAuditPage(auditFacts(700))).toBe(page);
  });

  it("names the digests of its one style and its one script, and allows nothing else", () => {
    const [, policy = ""] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    const digest = (tag: string): string => {
      const [, text = ""] = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(page) ?? [];
      return `sha256-${createHash("sha256").update(text).digest("base64")}`;
    };
    const allowed = policy.replaceAll("&#39;", "'");
    expect(allowed).toContain("default-src 'none'");
    expect(allowed).toContain(`script-src '${digest("script")}'`);
    expect(allowed).toContain(`style-src '${digest("style")}'`);
    expect(page).not.toMatch(/<[a-z][^>]* (?:style|on\w+|src|href)=|url\(|@import|https?:/);
  });

  it.each(HOSTILE.filter((text) => /[<>\u001b\u202e\xff]/.test(text)))("holds %j only escaped", (text) => {
    expect(page).not.toContain(text);
  });

  it("holds no byte that steers a terminal", () => {
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
  });

  it("escapes text and values, and takes no text for markup", () => {
    expect(render(element("p", { title: `"'<&` }, "<b>", ["&", element("i", {})]))).toBe(
      '<p title="&#34;&#39;&#60;&#38;">&#60;b&#62;&#38;<i></i></p>',
    );
  });

  it("draws a single day as a bar, not as a wall", () => {
    const facts = { ...auditFacts(3), points: auditFacts(3).points.map((point) => ({ ...point, at: NOW })) };
    const widths = [...renderAuditPage(facts).matchAll(/<rect x="[\d.]+" width="([\d.]+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(widths.length).toBeGreaterThan(0);
    expect(Math.max(...widths.slice(0, 3))).toBeLessThan(100);
  });

  it("writes how a key stands beside its bar or on it, never over its name", () => {
    const [key] = auditFacts(3).keys;
    if (key === undefined) throw new Error("there is a key");
    const keys = [{ ...key, state: "compromised", from: null, until: null } as const];
    const drawn = renderAuditPage({ ...auditFacts(3), keys });
    const [, x, kind] = /<text x="([\d.]+)" y="[\d.]+" class="note( end)?">compromised</.exec(drawn) ?? [];
    expect(Number(x)).toBeGreaterThan(330);
    expect(kind).toBeUndefined();
  });

  it("says what is not listed where there is too much, denials never", () => {
    const collector = new AuditCollector();
    const [allowed] = decisions(700)
      .filter(({ allow }) => allow)
      .slice(-1);
    const [denied] = decisions(700).filter(({ allow }) => !allow);
    if (allowed === undefined || denied === undefined) throw new Error("the history has both");
    collector.decision(denied);
    for (let n = 0; n < 50_010; n++) collector.decision(allowed);
    const { rows, omitted, causes } = collector.collected();
    expect({ rows: rows.length, omitted }).toEqual({ rows: 50_000, omitted: 11 });
    expect(rows.filter(({ verdict }) => verdict === "denied")).toHaveLength(1);
    expect(causes.map(({ code, count }) => [code, count])).toEqual([[denied.findings[0]?.code, 1]]);
  });

  it("counts a commit once, whatever it was judged for", () => {
    const collector = new AuditCollector();
    for (const decision of [...decisions(10), ...decisions(10)]) collector.decision(decision);
    expect(collector.collected().points).toHaveLength(10);
    expect(collector.collected().rows).toHaveLength(20);
  });

  it("never rounds to all what is not all, nor to nothing what is something", () => {
    expect([
      percent(0, 10),
      percent(1, 10_000),
      percent(9_999, 10_000),
      percent(10, 10),
      percent(1, 3),
      percent(0, 0),
    ]).toEqual(["0%", "<0.1%", ">99.9%", "100%", "33.3%", "–"]);
  });
});

describe("the periods of its charts", () => {
  const spread = (days: number, count = 600): readonly number[] =>
    Array.from({ length: count }, (_, i) => NOW - Math.round((days * DAY * i) / count));

  it.each([
    [20, "day"],
    [200, "week"],
    [1_000, "month"],
    [3_000, "quarter"],
    [9_000, "year"],
  ])("of %d days are a %s each", (days, name) => {
    const periods = periodsOf(spread(days), NOW);
    expect(periods?.name).toBe(name);
    expect(periods?.indexOf(NOW)).toBe((periods?.starts.length ?? 0) - 1);
  });

  it("are not stretched by dates of 1970 or 2099, which lie outside", () => {
    const periods = periodsOf([0, ...spread(200), NOW + 70 * 365 * DAY], NOW);
    expect(periods?.name).toBe("week");
    expect([periods?.indexOf(0), periods?.indexOf(NOW + 70 * 365 * DAY)]).toEqual([null, null]);
  });

  it("are none where nothing has a date", () => {
    expect(periodsOf([], NOW)).toBeNull();
    expect(periodsOf([NOW + DAY], NOW)).toBeNull();
  });
});

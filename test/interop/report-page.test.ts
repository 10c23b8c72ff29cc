import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { renderAuditPage } from "../../src/report/audit/page.ts";
import { auditFacts, HOSTILE } from "../support/audit.ts";
import { Chromium } from "../support/chromium.ts";
import { describeWith } from "../support/tools.ts";

jest.setTimeout(60_000);

// SIGNPOLICY_SCREENSHOTS=DIR keeps what the page looks like, for people to look at.
const keep = process.env["SIGNPOLICY_SCREENSHOTS"];

describeWith("chromium", "the page of report --html in a browser", () => {
  let browser: Chromium;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "page-"));
    browser = await Chromium.start();
  }, 60_000);
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true });
  });

  const write = (name: string, count: number): string => {
    const file = join(folder, name);
    writeFileSync(file, renderAuditPage(auditFacts(count)));
    return file;
  };
  const count = (selector: string): Promise<unknown> =>
    browser.evaluate(`document.querySelectorAll(${JSON.stringify(selector)}).length`);
  const type = (text: string): Promise<unknown> =>
    browser.evaluate(
      `{ const s = document.getElementById("search"); s.value = ${JSON.stringify(text)}; s.dispatchEvent(new Event("input")); }`,
    );
  const said = (): Promise<unknown> => browser.evaluate('document.getElementById("said").textContent');

  it("opens 10,000 commits in under 2 seconds, asks nothing of any network and says nothing to the console", async () => {
    const file = write("large.html", 10_000);
    // The best of three: what else the machine does at that moment is no part of the page.
    const times = [await browser.open(file), await browser.open(file), await browser.open(file)];
    const took = Math.min(...times);
    expect(await count("#rows tr")).toBe(200);
    expect(await count("svg.chart")).toBe(4);
    expect(browser.complaints()).toEqual([]);
    // Of a machine that has twice as much to do as it can, half is ours.
    const share = Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());
    expect(took).toBeLessThan(2000 * share);
    if (keep !== undefined) process.stderr.write(`10,000 commits open in ${took.toFixed(0)} ms\n`);
  });

  it("finds, filters, and shows more", async () => {
    await browser.open(write("search.html", 2_000));
    await type("00000123");
    expect(await said()).toBe("1 of 2,000");
    await type("bob parser");
    expect(
      await browser.evaluate("[...document.querySelectorAll('#rows tr')].every((tr) => /bob/.test(tr.textContent))"),
    ).toBe(true);
    await type("");
    await browser.evaluate(
      '{ const s = document.getElementById("verdict"); s.value = "=denied"; s.dispatchEvent(new Event("change")); }',
    );
    expect(
      await browser.evaluate(
        "[...document.querySelectorAll('#rows td:last-child')].every((td) => td.textContent.startsWith('denied'))",
      ),
    ).toBe(true);
    await browser.evaluate(
      '{ const s = document.getElementById("verdict"); s.value = ""; s.dispatchEvent(new Event("change")); }',
    );
    await browser.evaluate('document.getElementById("more").click()');
    expect(await count("#rows tr")).toBe(400);
    await type("no such thing");
    expect(await said()).toBe("0 of 2,000");
  });

  it("shows what strangers wrote as text, and runs none of it", async () => {
    await browser.open(write("hostile.html", 1_500));
    await type("pwned");
    expect(await browser.evaluate("document.title")).toBe("Commit signatures");
    expect(await count("img, iframe, object, a, link")).toBe(0);
    expect(await count("script")).toBe(2);
    expect(await browser.evaluate("document.getElementById('rows').textContent")).toContain(HOSTILE[0]);
    expect(browser.complaints()).toEqual([]);
  });

  it("has a policy for its content that stops a script which got in all the same", async () => {
    const page = renderAuditPage(auditFacts(50)).replace(
      "</body>",
      "<script>document.title='pwned'</script><img src='http://127.0.0.1:9/x'></body>",
    );
    const file = join(folder, "injected.html");
    writeFileSync(file, page);
    await browser.open(file);
    expect(await browser.evaluate("document.title")).toBe("Commit signatures");
    expect(browser.complaints().join("\n")).toContain("Content Security Policy");
  });

  it("reads well in light, dark, narrow and in print: nothing is wider than the page, no text is covered", async () => {
    const file = write("look.html", 4_000);
    for (const [name, media, scheme, width] of [
      ["light", "screen", "light", 1120],
      ["dark", "screen", "dark", 1120],
      ["narrow", "screen", "light", 420],
      ["print", "print", "dark", 760],
    ] as const) {
      await browser.emulate(media, scheme);
      await browser.resize(width);
      await browser.open(file);
      expect(await browser.evaluate("document.documentElement.scrollWidth <= innerWidth")).toBe(true);
      const [ink, paper] = (await browser.evaluate(
        "[getComputedStyle(document.body).color, getComputedStyle(document.body).backgroundColor]",
      )) as [string, string];
      const light = (colour: string): number => Math.max(...(colour.match(/\d+/g) ?? []).slice(0, 3).map(Number));
      expect(light(ink) > light(paper)).toBe(name === "dark");
      if (keep !== undefined) {
        mkdirSync(keep, { recursive: true });
        await browser.resize(width, 2900);
        writeFileSync(join(keep, `${name}.png`), await browser.screenshot());
      }
    }
  }, 60_000);
});

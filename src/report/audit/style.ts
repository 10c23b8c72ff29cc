/**
 * Colours that people with any colour vision can tell apart (Okabe and Ito), the darker or lighter ones by scheme; the page is
 * printed as in a light scheme.
 */
const LIGHT = `
  --page: #fff; --card: #f6f7f9; --ink: #16191d; --soft: #565d66; --line: #d8dce1;
  --good: #00705a; --warn: #9a5b00; --bad: #b3261e; --none: #8a919a;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #a8568a; --c4: #b8860b; --c5: #3f8fc4; --c6: #6b5b95; --c7: #5c7a29; --c8: #9aa1a9;`;
const DARK = `
  --page: #14171a; --card: #1d2125; --ink: #e6e9ec; --soft: #a3abb4; --line: #373d44;
  --good: #3fc09f; --warn: #e3a13a; --bad: #ff7b72; --none: #757d86;
  --c0: #56b4e9; --c1: #ff8c42; --c2: #3fc09f; --c3: #dd93bf; --c4: #f0c808; --c5: #2b87c0; --c6: #a99bd1; --c7: #a3c263; --c8: #6d757e;`;

const COLOURS = Array.from({ length: 9 }, (_, n) => `.c${n} { fill: var(--c${n}) }`).join("\n");

export const STYLE = `
:root { color-scheme: light dark; ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box } [hidden] { display: none !important }
body { margin: 0 auto; max-width: 1060px; padding: 28px 24px 60px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
h1 { font-size: 26px; margin: 0 } h2 { font-size: 19px; margin: 44px 0 6px } h3 { font-size: 15px; margin: 20px 0 2px }
p { margin: 6px 0 } .soft { color: var(--soft) } code, .oid { font: 13px ui-monospace, "DejaVu Sans Mono", monospace }
code { overflow-wrap: anywhere }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 20px 0 }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px }
.tile b { display: block; font-size: 25px; line-height: 1.25; font-weight: 650 }
.good { color: var(--good) } .warn { color: var(--warn) } .bad { color: var(--bad) }
.scroll { overflow-x: auto } .chart { width: 100%; min-width: 680px; height: auto; display: block; margin: 6px 0 }
.chart text { fill: var(--soft); font-size: 12px } .end { text-anchor: end } .middle { text-anchor: middle }
.grid { stroke: var(--line); stroke-width: 1 } .note { font-style: italic; paint-order: stroke; stroke: var(--page); stroke-width: 5px }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 20px; padding: 0; margin: 6px 0; font-size: 13.5px }
.swatch { width: 12px; height: 12px; vertical-align: -1px; margin-right: 3px }
${COLOURS}
.signed { fill: var(--good) } .unverified { fill: var(--warn) } .unsigned { fill: var(--bad) }
.state-good { fill: var(--good) } .state-ending { fill: var(--warn) } .state-ended, .state-retired { fill: var(--none) }
.state-compromised, .state-unusable { fill: var(--bad) }
.today { stroke: var(--ink); stroke-width: 1.5; stroke-dasharray: 4 3 } .chart .today-label { fill: var(--ink) }
table { border-collapse: collapse; width: 100%; font-size: 13.5px }
th, td { text-align: left; vertical-align: top; padding: 5px 10px 5px 0; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 600; white-space: nowrap } td { overflow-wrap: anywhere } .tight { white-space: nowrap }
.cause { background: var(--card); border: 1px solid var(--line); border-left: 4px solid var(--bad); border-radius: 6px;
  padding: 10px 14px; margin: 10px 0; break-inside: avoid }
.cause ul { margin: 6px 0 0; padding-left: 20px; font-size: 13.5px }
.controls { display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0; align-items: center }
input, select, button { font: inherit; font-size: 14px; color: var(--ink); background: var(--card);
  border: 1px solid var(--line); border-radius: 6px; padding: 5px 9px }
input { flex: 1 1 260px } :focus-visible { outline: 2px solid var(--c0); outline-offset: 1px }
#commits { table-layout: fixed; min-width: 860px }
#commits .w-at { width: 10.5% } #commits .w-oid { width: 13% } #commits .w-who { width: 21% } #commits .w-by { width: 10% }
#commits .w-sig { width: 9.5% } #commits .w-verdict { width: 14.5% }
@media print {
  @page { margin: 14mm }
  body { padding: 0; max-width: none; font-size: 10.5pt } .controls, #more, noscript { display: none }
  h2, h3 { break-after: avoid } section { break-inside: avoid } .chart { min-width: 0; break-inside: avoid } tr, .tile { break-inside: avoid }
  .scroll { overflow: visible } #commits { min-width: 0; font-size: 8.5pt } #commits .oid { font-size: 7.5pt }
  .tiles { grid-template-columns: repeat(5, 1fr) } * { print-color-adjust: exact }
}`;

/**
 * What makes the table of commits searchable, run by the page alone: it reads the data that stands in the page, and puts text into
 * elements as text, never as markup. Only the rows that are looked at are made, so that ten thousand open at once.
 */
export const SCRIPT = `
"use strict";
(() => {
  const { columns, rows } = JSON.parse(document.getElementById("data").textContent);
  const by = (id) => document.getElementById(id);
  const body = by("rows"), more = by("more"), said = by("said"), search = by("search");
  const filters = ["verdict", "standing", "principal", "format"].map((id) => [columns.indexOf(id), by(id)]);
  const place = Object.fromEntries(columns.map((name, index) => [name, index]));
  const texts = rows.map((row) => row.join("\\n").toLowerCase());
  const STEP = 200;
  let found = [], shown = 0;
  for (const [column, select] of filters)
    for (const value of [...new Set(rows.map((row) => row[column]))].sort())
      select.add(new Option(value === "" ? "nobody" : value, "=" + value));
  const cell = (text, name, title) => {
    const td = document.createElement("td");
    td.textContent = text;
    if (name) td.className = name;
    if (title) td.title = title;
    return td;
  };
  const line = (row) => {
    const tr = document.createElement("tr");
    const get = (name) => row[place[name]];
    const verdict = cell(get("verdict"), { denied: "bad", exempt: "warn", allowed: "good" }[get("verdict")], get("message"));
    if (get("code")) verdict.append(": " + get("code"));
    const who = get("author") === get("committer") ? get("committer") : get("committer") + ", by " + get("author");
    tr.append(
      cell(get("at").slice(0, 10), "tight", get("at")),
      cell(get("oid").slice(0, 12), "oid", get("oid") + (get("ref") ? " on " + get("ref") : "")),
      cell(get("kind") === "commit" ? get("title") : get("kind") + " " + get("ref") + " " + get("title")),
      cell(who), cell(get("principal")), cell(get("format")), verdict);
    return tr;
  };
  const grow = () => {
    body.append(...found.slice(shown, shown + STEP).map((index) => line(rows[index])));
    shown = Math.min(found.length, shown + STEP);
    more.hidden = shown === found.length;
    said.textContent = found.length.toLocaleString("en-US") + " of " + rows.length.toLocaleString("en-US") +
      (shown < found.length ? ", the first " + shown.toLocaleString("en-US") + " shown" : "");
  };
  const look = () => {
    const asked = search.value.toLowerCase().split(/\\s+/).filter(Boolean);
    const wanted = filters.filter(([, select]) => select.value !== "").map(([column, { value }]) => [column, value.slice(1)]);
    found = [];
    rows.forEach((row, index) => {
      if (wanted.every(([column, value]) => row[column] === value) && asked.every((word) => texts[index].includes(word)))
        found.push(index);
    });
    shown = 0;
    body.replaceChildren();
    grow();
  };
  search.addEventListener("input", look);
  for (const [, select] of filters) select.addEventListener("change", look);
  more.addEventListener("click", grow);
  by("controls").hidden = false;
  look();
})();
`;

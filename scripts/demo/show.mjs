// How the demo speaks: what is done, what it said, and whether that is what was announced.
const colours = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code) => (text) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
const bold = paint("1");
const dim = paint("2");
const green = paint("32");
const red = paint("31");

const say = (text) => void process.stdout.write(`${text}\n`);

export const title = (text) => say(`\n${bold(text)}`);
export const note = (text) => say(`  ${text}`);
export const command = (words) => say(`\n  ${bold(`$ ${words.map(shellWord).join(" ")}`)}`);
export const announce = (text) => say(`\n  ${text}`);

/** What a program printed, as it printed it, without the blanks that git wipes a terminal's line with. */
export function output(text) {
  if (text.trim() === "") return;
  for (const line of text.trimEnd().split("\n")) say(`  ${dim("│")} ${line.trimEnd()}`);
}

export const outcome = (good, text) => say(`  ${good ? green("✔") : red("✘")} ${text}`);

const shellWord = (word) => (/^[\w./:=@,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

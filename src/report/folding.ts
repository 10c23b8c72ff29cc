/**
 * Folds hints. A command in one is never broken: it is there to be copied. In our sentences a command begins with the name
 * of a program, at the start or after `: `, `; `, `, `, `; or `, `; then ` and the like, and ends at `, `, `; `, ` (` or the end;
 * what stands between quotes or brackets belongs to it. It is a matter of layout alone: what is taken for a command by
 * mistake is a line that is not broken.
 */

const PROGRAM =
  /(?<=^|[:;,] (?:or |then |and |else )?|\()(?:git|gpg|gpgconf|signpolicy|npx|npm|node|ssh-add|ssh-keygen|chmod|eval|export|unset) /g;

interface Piece {
  readonly text: string;
  /** Where it stands in brackets it stays in its sentence. */
  readonly command: "own line" | "in brackets" | null;
}

/** Lines of at most `width`, but for those that hold a command which is longer; `first` starts the first one. */
export function foldHint(first: string, hint: string, width: number): readonly string[] {
  const whole = first + hint;
  if (whole.length <= width) return [whole];
  const lines: string[] = [];
  let line = first.trimEnd();
  const flush = (): void => {
    if (line !== "") lines.push(line);
    line = "";
  };
  for (const { text, command } of piecesOf(hint)) {
    if (command === "own line") {
      if (line !== first.trimEnd() || lines.length > 0) flush();
      line = line === "" ? text : `${line} ${text}`;
      flush();
      continue;
    }
    for (const word of command === null ? wrap(text, width).flatMap((part) => part.split(" ")) : [text]) {
      if (word === "") continue;
      const glue = line === "" || (command === null && /^[:;,]/.test(word)) ? "" : " ";
      if (line !== "" && line.length + glue.length + word.length > width) flush();
      line += line === "" ? word : glue + word;
    }
  }
  flush();
  return lines;
}

/** Sentences and commands in turn. What divides a command from what follows goes where the line ends anyway. */
export function piecesOf(hint: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  PROGRAM.lastIndex = 0;
  for (let match = PROGRAM.exec(hint); match !== null; match = PROGRAM.exec(hint)) {
    const inBrackets = hint[match.index - 1] === "(";
    const start = inBrackets ? match.index - 1 : match.index;
    const last = endOf(hint, match.index);
    // The bracket that closes it, and what sticks to that.
    const end = inBrackets ? last + (/^\S+/.exec(hint.slice(last))?.[0].length ?? 0) : last;
    const text = hint.slice(start, end).trimEnd();
    // One word behind the program's name is as good as prose.
    const command = inBrackets || text.split(" ").length < 3 ? ("in brackets" as const) : ("own line" as const);
    pieces.push({ text: hint.slice(at, start).trim(), command: null }, { text, command });
    at = command === "own line" ? end + (/^[,;] ?/.exec(hint.slice(end))?.[0].length ?? 0) : end;
    PROGRAM.lastIndex = end;
  }
  return [...pieces, { text: hint.slice(at).trim(), command: null }].filter(({ text }) => text !== "");
}

function endOf(hint: string, start: number): number {
  let depth = 0;
  let quoted = false;
  for (let at = start; at < hint.length; at++) {
    const character = hint.charAt(at);
    if (character === "'") quoted = !quoted;
    if (quoted) continue;
    if (character === "(" && hint.charAt(at - 1) === " ") return at;
    if (character === "(") depth++;
    else if (character === ")" && depth-- === 0) return at;
    else if ((character === "," || character === ";") && hint.charAt(at + 1) === " ") return at;
  }
  return hint.length;
}

/**
 * Breaks at spaces into lines of at most `width`; a word that is longer is cut, so that no line ever exceeds it: behind a dot or
 * a slash where it has one, so that of `principals.bob.keys.SHA256:…` the fingerprint stays whole.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const points = Array.from(word);
    const candidate = line === "" ? word : `${line} ${word}`;
    if (Array.from(candidate).length <= width) {
      line = candidate;
      continue;
    }
    if (line !== "") lines.push(line);
    let rest = points;
    while (rest.length > width) {
      const piece = rest.slice(0, width).join("");
      // An SSH fingerprint may hold a slash, and no dot.
      const part = Array.from((/^.{12,}\./s.exec(piece) ?? /^.{12,}\//s.exec(piece))?.[0] ?? "");
      const cut = part.length === 0 ? width : part.length;
      lines.push(rest.slice(0, cut).join(""));
      rest = rest.slice(cut);
    }
    line = rest.join("");
  }
  if (line !== "" || lines.length === 0) lines.push(line);
  return lines;
}

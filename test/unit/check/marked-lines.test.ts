import { describe, expect, it } from "@jest/globals";
import { addMarkedLines, findMarkedLines, reachesMarked, removeMarkedLines } from "../../../src/check/marked-lines.ts";

const OURS = ["one #", "two #"];
const BLOCK = "# >>> signpolicy >>>\none #\ntwo #\n# <<< signpolicy <<<\n";

describe("marked lines", () => {
  it.each([
    ["an empty file", "", BLOCK],
    ["a hook", "npm test\n", `${BLOCK}npm test\n`],
    ["a hook without a last line end", "npm test", `${BLOCK}npm test`],
    ["a hook with a shebang", "#!/bin/sh\nnpm test\n", `#!/bin/sh\n${BLOCK}npm test\n`],
    ["a shebang without a line end", "#!/bin/sh", `${BLOCK}#!/bin/sh`],
    ["bytes that are no UTF-8", "echo \xff\xfe\n", `${BLOCK}echo \xff\xfe\n`],
    ["lines that end in CR LF", "a\r\nb\r\n", `${BLOCK.replaceAll("\n", "\r\n")}a\r\nb\r\n`],
  ])("come first in %s, and go without a trace", (_, text, marked) => {
    expect(addMarkedLines(text, OURS)).toBe(marked);
    expect(removeMarkedLines(marked)).toBe(text);
  });

  it("stay where they are when nothing changed, whatever the line ends have become", () => {
    const moved = `npm test\r\n${BLOCK.replaceAll("\n", "\r\n")}`;
    expect(addMarkedLines(moved, OURS)).toBe(moved);
    expect(findMarkedLines(moved)).toEqual(OURS);
  });

  it.each(["exit 0", "exec npm test", "  exit"])("come first again where the script ends before them: %s", (end) => {
    expect(reachesMarked(`${end}\n${BLOCK}`)).toBe(false);
    expect(addMarkedLines(`#!/bin/sh\n${end}\n${BLOCK}`, OURS)).toBe(`#!/bin/sh\n${BLOCK}${end}\n`);
    expect(reachesMarked(`npm test\n${BLOCK}${end}\n`)).toBe(true);
  });

  it("are replaced when they changed, and kept once", () => {
    expect(addMarkedLines(`${BLOCK}npm test\n${BLOCK}`, ["new #"])).toBe(
      "# >>> signpolicy >>>\nnew #\n# <<< signpolicy <<<\nnpm test\n",
    );
  });

  it.each([
    "# >>> signpolicy >>>\nrm x\n",
    "rm x\n# <<< signpolicy <<<\n",
    "# <<< signpolicy <<<\n# >>> signpolicy >>>\n",
  ])("with a mark alone are refused, since nobody knows what is ours (ERR_INSTALL)", (text) => {
    expect(() => removeMarkedLines(text)).toThrowCode("ERR_INSTALL");
    expect(() => addMarkedLines(text, OURS)).toThrowCode("ERR_INSTALL");
  });
});

// Builds a linear, signed history as one pack and hands it to `git index-pack`: no process a commit, the same bytes in
// every run, and a tree that changes with each commit as a real one does.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";

const TYPE = { commit: 1, tree: 2, blob: 3 };

/** Objects on their way into a pack: `add` gives the id. */
export function createPack() {
  const entries = new Map();
  return {
    add(type, body) {
      const bytes = Buffer.from(body);
      const oid = createHash("sha1").update(`${type} ${bytes.length}\0`).update(bytes).digest("hex");
      if (!entries.has(oid)) entries.set(oid, Buffer.concat([entryHead(TYPE[type], bytes.length), deflateSync(bytes)]));
      return oid;
    },
    /** gitformat-pack(5). */
    bytes() {
      const head = Buffer.from("PACK\0\0\0\x02\0\0\0\0", "latin1");
      head.writeUInt32BE(entries.size, 8);
      const pack = Buffer.concat([head, ...entries.values()]);
      return Buffer.concat([pack, createHash("sha1").update(pack).digest()]);
    },
  };
}

function entryHead(type, size) {
  const bytes = [];
  let rest = size >> 4;
  let byte = (type << 4) | (size & 0x0f);
  while (rest > 0) {
    bytes.push(byte | 0x80);
    byte = rest & 0x7f;
    rest >>= 7;
  }
  return Buffer.of(...bytes, byte);
}

/** Stores a long history as git keeps one: one pack with its index. */
export const storePacked = (git, repository, pack) => feed(git, repository, ["index-pack", "--stdin"], pack);

/** Stores a few objects one by one, as receive-pack does with a small push (`receive.unpackLimit`). */
export const storeLoose = (git, repository, pack) => feed(git, repository, ["unpack-objects", "-q"], pack);

function feed(git, repository, command, pack) {
  execFileSync("git", ["-C", repository, ...command], {
    input: pack.bytes(),
    env: git,
    stdio: ["pipe", "ignore", "inherit"],
  });
}

/**
 * Adds commits on top of `parent`, each signed by its own of `people`, in turn (a signer of null: unsigned). `merges`: every
 * fourth commit is a merge that brings in the one before, which starts at the line; "criss-cross": two lines merge each other with
 * every commit, so that the ways from the last to the first double with each pair. `checks` takes what each signature
 * rests on.
 * @returns the id of the last one
 */
export function addCommits(
  pack,
  { count, from = 0, parent = null, start, files, people, merges = false, checks = null },
) {
  let [last, side] = [parent, null];
  const crossing = [];
  for (let n = from; n < from + count; n += 1) {
    const { signer, identity } = people[n % people.length];
    const at = start + n * 60;
    const tree = addTree(pack, { ...files, "counter.txt": `${n}\n` });
    const crossed = [crossing[n - 2], crossing[n % 2 === 0 ? n - 1 : n - 3]].filter((oid) => oid !== undefined);
    const lined = [last, ...(side === null ? [] : [side])].filter((oid) => oid !== null);
    const parents = merges !== "criss-cross" ? lined : n === 1 ? crossing : crossed;
    const head = [
      `tree ${tree}\n`,
      ...parents.map((oid) => `parent ${oid}\n`),
      `author ${identity} ${at} +0000\n`,
      `committer ${identity} ${at} +0000\n`,
    ].join("");
    const body = `\nChange number ${n}\n\nThe counter goes up, as it does with every change of this history.\n`;
    const signed = signer?.sign(Buffer.from(head + body), at);
    if (signed !== undefined) checks?.push({ key: signer.publicKey, ...signed.check });
    const signature = signed?.armored.trimEnd().replaceAll("\n", "\n ");
    const oid = pack.add("commit", head + (signature === undefined ? "" : `gpgsig ${signature}\n`) + body);
    // The last commit is on the line, so that it reaches all.
    crossing.push(oid);
    const isSide = merges === true && n % 4 === 2 && last !== null && n < from + count - 1;
    if (isSide) side = oid;
    else [last, side] = [oid, null];
  }
  return last;
}

function addTree(pack, files) {
  const rows = Object.keys(files)
    .sort()
    .map((name) => {
      const oid = pack.add("blob", files[name]);
      return Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(oid, "hex")]);
    });
  return pack.add("tree", Buffer.concat(rows));
}

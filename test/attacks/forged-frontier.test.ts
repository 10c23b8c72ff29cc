/**
 * Attack: what `verify` keeps of a run that allowed everything is forged, damaged, exchanged, or comes with a repository that
 * was unpacked from an archive or copied, so that a history that nobody may trust is called good.
 * Stopped by: io/frontier-file.ts (whose file, whole, written here), io/surroundings.ts (over the very same refs, objects,
 * configuration and policy). Nothing of it is read by a hook. Who acts as the same user can forge it, as he can replace the
 * program: that is no attack which a file in a repository could withstand.
 */
import { describe, expect, it } from "@jest/globals";
import { createHash } from "node:crypto";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { readFrontier, writeFrontier } from "../../src/io/frontier-file.ts";
import { withFrontier, type FrontierScene } from "../support/frontier.ts";

const asRoot = process.geteuid?.() === 0 ? it : it.skip;

/** A run is kept, the file is treated, and everything is judged again; `restore` shows that nothing else was in the way. */
async function expectPassedOver(treat: (file: string, scene: FrontierScene) => void): Promise<void> {
  await withFrontier((scene) => {
    scene.grow();
    scene.verify();
    expect(scene.verify()).toMatchObject({ status: 0, repeated: true });
    treat(scene.file, scene);
    expect(readFrontier(scene.repo.gitDir)).toBeNull();
    expect(scene.verify()).toMatchObject({ status: 0, repeated: false });
    expect(scene.verify()).toMatchObject({ status: 0, repeated: true });
  });
}

/** The text of the file with another content, and the digest that belongs to it. */
function resealed(file: string, edit: (text: string) => string): string {
  const text = edit(readFileSync(file, "utf8").split("\n").slice(1).join("\n"));
  return `${createHash("sha256").update(text).digest("hex")}\n${text}`;
}

describe("a forged frontier", () => {
  asRoot("of another user is passed over", () => expectPassedOver((file) => chownSync(file, 65_534, 65_534)));

  it("that others may read or write is passed over", async () => {
    for (const mode of [0o640, 0o604, 0o620, 0o666]) await expectPassedOver((file) => chmodSync(file, mode));
  });

  it("that is torn or damaged is passed over", async () => {
    await expectPassedOver((file) => writeFileSync(file, readFileSync(file).subarray(0, -9)));
    await expectPassedOver((file) => writeFileSync(file, ""));
    await expectPassedOver((file) =>
      writeFileSync(file, readFileSync(file, "utf8").replace('"denied":0', '"denied":1')),
    );
    await expectPassedOver((file) => writeFileSync(file, "x".repeat(2 * 1024 * 1024)));
  });

  it("that came with an archive or a copy is passed over, whatever it claims", async () => {
    const copy = (file: string, edit: (text: string) => string): void => {
      const text = resealed(file, edit);
      // Beside it first: a file system may give the next file the number of one that is gone.
      writeFileSync(`${file}.copy`, text, { mode: 0o600 });
      renameSync(`${file}.copy`, file);
    };
    // The same bytes in another file.
    await expectPassedOver((file) => copy(file, (text) => text));
    await expectPassedOver((file) => {
      copyFileSync(file, `${file}.copy`);
      const { atime, mtime } = statSync(file);
      utimesSync(`${file}.copy`, atime, mtime);
      renameSync(`${file}.copy`, file);
    });
    // Even if the number of the file was guessed: when it was put there cannot be.
    await expectPassedOver((file) => {
      const before = statSync(file);
      copy(file, (text) => text);
      const { dev, ino } = statSync(file);
      const earlier = Date.now() - 60_000;
      const text = resealed(file, (old) =>
        old.replace(`${before.dev} ${before.ino}`, `${dev} ${ino}`).replace(/"written":\d+/, `"written":${earlier}`),
      );
      writeFileSync(file, text);
      utimesSync(file, earlier / 1000, earlier / 1000);
    });
    await expectPassedOver((file) =>
      writeFileSync(
        file,
        resealed(file, (old) => old.replace(/"folder":"\d+ \d+"/, '"folder":"1 2"')),
      ),
    );
  });

  it("that is a link, or has a second name, is passed over", async () => {
    await expectPassedOver((file) => {
      renameSync(file, `${file}.other`);
      symlinkSync("frontier.other", file);
    });
    await expectPassedOver((file) => {
      linkSync(file, `${file}.other`);
      expect(readFrontier(join(file, "..", ".."))).toBeNull();
    });
  });

  it("of another repository is passed over, also when the whole repository is copied", () =>
    withFrontier((scene) => {
      scene.grow();
      scene.verify();
      const copy = join(scene.repo.root, "copy.git");
      scene.repo.run("cp", ["-a", scene.repo.dir, copy]);
      expect(scene.verify(undefined, { cwd: copy })).toMatchObject({ status: 0, repeated: false });
      expect(scene.verify(undefined, { cwd: copy })).toMatchObject({ status: 0, repeated: true });
    }));

  it("whose tips are not what they claim vouches for nothing: an unsigned commit in their place is denied", () =>
    withFrontier((scene) => {
      scene.grow();
      scene.verify();
      const kept = readFrontier(scene.repo.gitDir);
      scene.put(scene.pushes.commit(null));
      // Written anew by the very program, with all that it checks of the file.
      writeFrontier(scene.repo.gitDir, kept);
      expect(readFrontier(scene.repo.gitDir)).toEqual(kept);
      expect(scene.verify()).toMatchObject({ status: 1, repeated: false });
      expect(scene.verify().text).toContain("unsigned");
    }));

  it("opens no server: pre-receive reads none, its own user's included", () =>
    withFrontier((scene) => {
      const tip = scene.grow();
      expect(scene.pushes.push([`${tip}:refs/heads/topic`]).status).not.toBe(0);
      scene.verify();
      const kept = readFrontier(scene.repo.gitDir);
      const unsigned = scene.pushes.commit(null, { parents: [tip] });
      for (const forged of [kept, [{ policy: "any", summary: { denied: 0 } }]]) {
        writeFrontier(scene.repo.gitDir, forged);
        const { status, text } = scene.pushes.push([`${unsigned}:refs/heads/main`]);
        expect(status).not.toBe(0);
        expect(text).toContain("unsigned");
      }
      expect(scene.pushes.push([`${scene.pushes.commit(null)}:refs/heads/main`]).status).not.toBe(0);
    }));
});

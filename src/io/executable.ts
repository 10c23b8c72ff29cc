/** The program as one file: what it holds besides its code, where it runs that way (`npm run build:executable`). */
import sea from "node:sea";

/** Names of what an executable holds besides the bundle's own files. */
export const COMPILED_ASSET = "compiled-code";
export const OPENPGP_ASSET = "openpgp.cjs";

/** Texts that go wherever the executable goes: our licence, and those of all that is in it. */
export const LICENCE_ASSETS = ["LICENSE", "THIRD-PARTY.txt"] as const;

export const isExecutable = (): boolean => sea.isSea();

/** The bytes of one of its parts, as they lie in memory: not to be written to. */
export const assetBytes = (name: string): Buffer => Buffer.from(sea.getRawAsset(name) as ArrayBuffer);

export const assetText = (name: string): string => assetBytes(name).toString("utf8");

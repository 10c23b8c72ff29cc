/** The package's version, put in by the build. */
declare const SIGNPOLICY_VERSION: string;
/** The file of the bundle that `main.ts` became, as `require` takes it. */
declare const SIGNPOLICY_MAIN: string;
/** The same of `again.ts`, which is a bundle of its own. */
declare const SIGNPOLICY_AGAIN: string;
/** The same of `kept-code.ts`. */
declare const SIGNPOLICY_KEPT_CODE: string;

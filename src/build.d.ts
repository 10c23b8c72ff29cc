/** The package's version, put in by the build. */
declare const SIGNPOLICY_VERSION: string;

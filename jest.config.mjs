const shared = {
  extensionsToTreatAsEsm: [".ts"],
  moduleNameMapper: { "^(\\.{1,2}/.*)\\.js$": "$1" },
  transform: {
    "^.+\\.ts$": [
      "ts-jest",
      {
        useESM: true,
        diagnostics: false,
        tsconfig: {
          module: "ESNext",
          moduleResolution: "Bundler",
          isolatedModules: true,
          target: "ES2023",
          allowImportingTsExtensions: true,
          rewriteRelativeImportExtensions: false,
          noEmit: false,
          verbatimModuleSyntax: true,
        },
      },
    ],
  },
  testEnvironment: "node",
  setupFilesAfterEnv: ["<rootDir>/test/support/matchers.ts"],
  globals: { SIGNPOLICY_VERSION: "0.0.0-test" },
};

export default {
  projects: [
    {
      ...shared,
      displayName: "unit",
      testMatch: ["<rootDir>/test/{unit,vectors,properties}/**/*.test.ts", "<rootDir>/test/architecture.test.ts"],
    },
    {
      ...shared,
      displayName: "system",
      testMatch: ["<rootDir>/test/{attacks,cli,interop,hooks,servers}/**/*.test.ts"],
    },
  ],
  // Most of the time is spent in programs that the tests start, and wait for.
  maxWorkers: 3,
  // Real git, gpg and servers, on a machine that may have other work: what hangs is still told.
  testTimeout: 30_000,
};

import { jest } from "@jest/globals";
import { describeGitolite } from "../support/servers/gitolite-suite.ts";
import { PACKAGE } from "../support/servers/installed.ts";

jest.setTimeout(60_000);

describeGitolite("the package's hooks", () => PACKAGE);

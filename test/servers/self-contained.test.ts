/** The server suites once more, with the program as one file and no node on any PATH. */
import { afterAll, beforeAll, jest } from "@jest/globals";
import { ExecutablePlace, NEEDED } from "../support/servers/executable.ts";
import { describeGitolite } from "../support/servers/gitolite-suite.ts";
import { describeTransports } from "../support/servers/transports.ts";

jest.setTimeout(120_000);

const place = new ExecutablePlace();

beforeAll(() => place.prepare());
afterAll(() => place.remove());

describeTransports("the executable's hooks", () => place.program, NEEDED);
describeGitolite("the executable's hooks", () => place.program, NEEDED);

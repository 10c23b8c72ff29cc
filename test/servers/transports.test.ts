import { jest } from "@jest/globals";
import { PACKAGE } from "../support/servers/installed.ts";
import { describeTransports } from "../support/servers/transports.ts";

jest.setTimeout(60_000);

describeTransports("the package's hooks", () => PACKAGE);

#!/usr/bin/env node
// The program `fleet` of this package: npx fleet COMMAND.
"use strict";
process.argv.splice(2, 0, "fleet/main.ts");
require("./run");

/** `lock`: writes the lock files of the AWS provider, with the checksums of every platform on which Terraform is run. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readEnvironments } from "../../config/project";
import type { Command } from "./command-line";
import { CommandError } from "../output/command-error";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import { lockFileName, lockFileOf, usualPlatforms, writeProviderOnly } from "../terraform/provider-lock";
import { Terraform } from "../terraform/terraform";

export const lock: Command = {
  name: "lock",
  summary: "Writes the lock files of the AWS provider lines in use, for the usual platforms.",
  selection: "none",
  options: {
    platforms: { value: "LIST", description: `Separated by commas. Default: ${usualPlatforms.join(",")}.` },
    "fs-mirror": {
      value: "DIRECTORY",
      description: "Takes the provider from a filesystem mirror, not from its registry.",
    },
  },
  details: `The version that is locked stays; for a newer one delete the file first. Checksums are added, none is taken away.
Have the change of the files reviewed, and commit it.`,
  async run({ values }, print) {
    const platforms = (values.get("platforms") ?? usualPlatforms.join(",")).split(",");
    const wrong = platforms.filter((platform) => !/^[a-z0-9]+_[a-z0-9]+$/.test(platform));
    if (wrong.length > 0) {
      throw new CommandError(
        `--platforms: ${JSON.stringify(wrong.join(","))} is no platform. Write them as ${usualPlatforms.join(",")}.`,
      );
    }
    const mirror = values.get("fs-mirror");
    const shutdown = new GracefulShutdown();
    const scratch = mkdtempSync(path.join(tmpdir(), "call-blocking-lock-"));
    try {
      await shutdown.during(async () => {
        const terraform = new Terraform(path.join(scratch, "plugins"), shutdown);
        await terraform.version();
        const lines = new Set(readEnvironments().instances.map(({ awsProvider }) => awsProvider));
        for (const line of lines) {
          const directory = path.join(scratch, lockFileOf(line));
          writeProviderOnly(directory, line);
          const file = path.join(directory, lockFileName);
          if (existsSync(lockFileOf(line))) copyFileSync(lockFileOf(line), file);
          const from = mirror === undefined ? [] : [`-fs-mirror=${path.resolve(mirror)}`];
          const args = [
            "providers",
            "lock",
            "-no-color",
            ...from,
            ...platforms.map((platform) => `-platform=${platform}`),
          ];
          const { exitCode, output } = await terraform.run(directory, args);
          if (exitCode !== 0) throw new CommandError(`The AWS provider ${line} cannot be locked.\n${output.trim()}`);
          copyFileSync(file, lockFileOf(line));
          print(lockFileOf(line));
        }
      });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  },
};

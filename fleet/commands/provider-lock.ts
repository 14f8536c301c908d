/** The command `provider-lock`. */
import { readEnvironments } from "../../config/project";
import { GracefulShutdown } from "../rollout/graceful-shutdown";
import { usualPlatforms } from "../terraform/provider-lock";
import { writeProviderLocks } from "../terraform/write-provider-locks";
import type { Command } from "./command-line";

const defaultPlatforms = usualPlatforms.join(",");

export const providerLock: Command = {
  name: "provider-lock",
  formerName: "lock",
  summary: "Writes the Terraform lock file of each AWS provider version in use, with checksums for several platforms.",
  selection: "none",
  options: {
    platforms: {
      value: "LIST",
      description: `The platforms that run Terraform, separated by commas. Default: ${defaultPlatforms}.`,
      problemWith: (list) => {
        const invalid = list.split(",").filter((platform) => !/^[a-z0-9]+_[a-z0-9]+$/.test(platform));
        if (invalid.length === 0) return undefined;
        return `${JSON.stringify(invalid.join(","))} is not a platform. Write platforms as in ${defaultPlatforms}.`;
      },
    },
    "fs-mirror": {
      value: "DIRECTORY",
      description: "Reads the provider from a filesystem mirror instead of the provider's registry.",
    },
  },
  details: `The command keeps the locked version. To lock a newer version, delete the lock file first. The command adds checksums and removes none.
Review the changed lock files and commit them.`,
  async run({ values }, print) {
    const shutdown = new GracefulShutdown();
    const lines = new Set(readEnvironments().instances.map(({ awsProvider }) => awsProvider));
    const platforms = (values.get("platforms") ?? defaultPlatforms).split(",");
    const options = { platforms, mirror: values.get("fs-mirror"), shutdown };
    for (const file of await shutdown.during(() => writeProviderLocks(lines, options))) print(file);
  },
};

/** Commands work on all instances except suspended ones, unless the selection has a status term. */
import { loadEnvironments } from "../../config/load";
import { readEnvironments, selectFrom } from "../../config/project";
import { SelectionError } from "../../config/selection";
import { inDirectory, validYaml } from "./environment-files";

const fleet = inDirectory(
  {
    "prod.yaml": `${validYaml}    suspended: true
  - { name: two, id: 2f0e0d0c-1b1a-4918-8716-151413121110 }
  - { name: two, id: 2f0e0d0c-1b1a-4918-8716-151413121110, region: us-west-2 }
`,
  },
  loadEnvironments,
);
const selected = (expression?: string) => selectFrom(fleet, expression).map(({ stackName }) => stackName);
const active = ["prod-two-us-east-1", "prod-two-us-west-2"];

test.each([[undefined], ["*"], ["env=prod"], ["region=us-*"], ["status=active"]])(
  "%s excludes suspended instances",
  (expression) => {
    expect(selected(expression)).toEqual(active);
  },
);

test("a status term includes suspended instances, alone or with others", () => {
  expect(selected("status=suspended")).toEqual(["prod-acme-us-east-1"]);
  expect(selected("instance=acme status=suspended")).toEqual(["prod-acme-us-east-1"]);
  expect(selected("status=*")).toEqual(["prod-acme-us-east-1", ...active]);
});

test("a selection that matches only suspended instances is refused, with the fix", () => {
  expect(() => selected("instance=acme")).toThrow(
    new SelectionError(
      'The selection "instance=acme" matches only suspended instances: prod-acme-us-east-1.\n' +
        "  To include them, add status=suspended. To activate them, remove suspended from their environment file.",
    ),
  );
});

test("ENVIRONMENTS_DIR selects the directory", () => {
  const before = process.env["ENVIRONMENTS_DIR"];
  try {
    inDirectory({ "other.yaml": validYaml }, (directory) => {
      process.env["ENVIRONMENTS_DIR"] = directory;
      expect(readEnvironments().instances.map(({ environment }) => environment)).toEqual(["other"]);
    });
  } finally {
    if (before === undefined) delete process.env["ENVIRONMENTS_DIR"];
    else process.env["ENVIRONMENTS_DIR"] = before;
  }
});

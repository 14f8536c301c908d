/** Explanations of failed plans. */
import { planFailureText } from "../../../fleet/plans/table-replacement";
import { sampleInstance } from "../../stacks/sample-instance";

const stack = { stateText: () => Promise.resolve("") };

test("credentials of another account are explained before the message of the provider", async () => {
  // The message of provider 5.100.0.
  const message = "Error: AWS account ID not allowed: 444455556666";
  const [what, fix, original] = (await planFailureText(new Error(message), sampleInstance, stack)).split("\n");
  expect(what).toContain(
    `The credentials belong to account 444455556666, but the environment file places ${sampleInstance.name} in account ${sampleInstance.account}`,
  );
  expect(fix).toContain(`Use credentials of account ${sampleInstance.account}, or set deployRole`);
  expect(original).toBe(message);
});

test("another error is not changed", async () => {
  expect(await planFailureText(new Error("no network"), sampleInstance, stack)).toBe("no network");
});

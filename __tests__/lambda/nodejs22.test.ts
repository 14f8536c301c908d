/** The packaged functions work on the Lambda runtime nodejs22.x. */
import { testPackagesOn } from "./on-lambda-runtime";

testPackagesOn(22);

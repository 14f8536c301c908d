/** The packaged functions work on the Lambda runtime nodejs24.x. */
import { testPackagesOn } from "./on-lambda-runtime";

testPackagesOn(24);

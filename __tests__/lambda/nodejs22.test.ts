/** The packaged function works on the Lambda runtime nodejs22.x. */
import { testPackageOn } from "./on-lambda-runtime";

testPackageOn(22);

/** The packaged function works on the Lambda runtime nodejs24.x. */
import { testPackageOn } from "./on-lambda-runtime";

testPackageOn(24);

/** Reads an object beside a Terraform state in S3, with the role that only reads states. */
import { GetObjectCommand, NoSuchKey, S3Client } from "@aws-sdk/client-s3";
import type { InstanceConfig } from "../../config/types";
import { sharedRoleCredentials } from "./security-token-service";

/**
 * @param suffix after the key of the state, such as `.tflock`
 * @returns undefined if the object does not exist
 * @throws Error from AWS
 */
export async function readBesideState({ state }: InstanceConfig, suffix: string): Promise<string | undefined> {
  const { bucket, key, region, endpoint, usePathStyle, roleArn, planRoleArn = roleArn } = state;
  const s3 = new S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(usePathStyle === undefined ? {} : { forcePathStyle: usePathStyle }),
    ...(planRoleArn === undefined ? {} : { credentials: sharedRoleCredentials(region, planRoleArn) }),
  });
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: `${key}${suffix}` }));
    return (await Body?.transformToString()) ?? "";
  } catch (error) {
    if (error instanceof NoSuchKey) return undefined;
    throw error;
  } finally {
    s3.destroy();
  }
}

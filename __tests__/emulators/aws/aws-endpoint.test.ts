/** The emulators answer AWS clients on this machine, and no web page. */
import { request } from "node:http";
import { type AwsEndpoint, serveAws } from "../../../emulators/aws/aws-endpoint";

let endpoint: AwsEndpoint;
let served: number;
beforeEach(async () => {
  served = 0;
  endpoint = await serveAws(() => {
    served++;
    return { status: 200, body: "" };
  });
});
afterEach(() => endpoint.close());

const statusOf = (headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(endpoint.url, { method: "POST", headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once("error", reject)
      .end();
  });

test.each([["127.0.0.1:4599"], ["localhost"], ["[::1]:4599"], ["bucket.localhost:4599"]])(
  "a client on this machine is answered: %s",
  async (host) => {
    expect(await statusOf({ host })).toBe(200);
  },
);

test.each([
  [{ host: "evil.example:4599" }],
  [{ host: "127.0.0.1.evil.example" }],
  [{ host: "localhost.evil.example" }],
  [{ host: "127.0.0.1:4599", origin: "https://evil.example" }],
  [{ host: "127.0.0.1:4599", origin: "null" }],
])("a request that a web page can send is refused and not served: %j", async (headers) => {
  expect(await statusOf(headers)).toBe(403);
  expect(served).toBe(0);
});

/** Counting Dispositions in bounded memory. */
import fc from "fast-check";
import { ContactStats, contactStatsSchema } from "../../../../fleet/checks/preflight/contact-stats";

const item = (disposition: string) => ({ hash: { S: "h" }, Disposition: { S: disposition } });

test("the first 500 Dispositions are counted exactly, all others together", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(700), { maxLength: 2000 }), (values) => {
      const stats = new ContactStats(["hash"], []);
      const exact = new Map<string, number>();
      for (const value of values.map((number) => `Disposition ${number}`)) {
        stats.add(item(value));
        exact.set(value, (exact.get(value) ?? 0) + 1);
      }
      const first = [...exact].slice(0, 500);
      const counted = first.reduce((sum, [, count]) => sum + count, 0);
      expect(stats.toJSON().dispositions).toEqual({ counts: first, others: values.length - counted });
    }),
    { numRuns: 20 },
  );
});

test("a blocked Disposition is counted, even after many other Dispositions", () => {
  const stats = new ContactStats(["hash"], ["Blocked"]);
  for (let n = 0; n < 600; n++) stats.add(item(`Disposition ${n}`));
  for (let n = 0; n < 3; n++) stats.add(item("Blocked"));
  const { blocked, dispositions } = stats.toJSON();
  expect(blocked).toMatchObject([{ disposition: "Blocked", contacts: 3 }]);
  expect(dispositions.others).toBe(103);
});

test("contacts listed under an address that is not E.164 are counted, and the first ones are named", () => {
  const stats = new ContactStats(["hash"], ["Blocked"]);
  const listed = ["+15555550100", "Anonymous", "+266696687", "15555550101", "22000", "someone@example.com", "22001"];
  for (const [n, address] of listed.entries()) {
    stats.add({ hash: { S: `contact-${n}` }, Disposition: { S: "Blocked" }, CustomerEndpoint: { S: address } });
  }
  expect(stats.toJSON().blocked).toEqual([
    {
      disposition: "Blocked",
      contacts: 7,
      withNumber: 1,
      withheld: 2,
      withOtherNumber: 3,
      otherAddresses: [
        { item: "hash=contact-3", address: "15•••••••01" },
        { item: "hash=contact-4", address: "22000" },
        { item: "hash=contact-5", address: "•••@•••" },
      ],
    },
  ]);
});

test("counting continues from a saved state", () => {
  const [whole, first] = [new ContactStats(["hash"], []), new ContactStats(["hash"], [])];
  for (let n = 0; n < 501; n++) for (const stats of [whole, first]) stats.add(item(`Disposition ${n}`));
  const saved = contactStatsSchema.parse(JSON.parse(JSON.stringify(first)));
  const second = new ContactStats(["hash"], [], saved);
  for (const disposition of ["Disposition 0", "another"])
    for (const stats of [whole, second]) stats.add(item(disposition));
  expect(second.toJSON()).toEqual(whole.toJSON());
  expect(whole.toJSON().dispositions.others).toBe(2);
});

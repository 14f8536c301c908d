/** Spellings of phone numbers in 20 countries: the addresses that each spelling can stand for, and the spellings that are refused. */
import { build } from "esbuild";
import fc from "fast-check";
import examples from "libphonenumber-js/examples.mobile.json";
import { type CountryCode, getCountries, getExampleNumber } from "libphonenumber-js/max";
import { callersFrom } from "../../../../fleet/checks/caller/caller";

const addresses = (text: string, country?: string, otherNumbers = false): readonly string[] =>
  callersFrom(text, { country, otherNumbers }).map(({ address }) => address);

/** Numbers that regulators reserve for fiction, numbers of examples, and invented digits. */
const spellings: Readonly<Record<string, readonly (readonly [string, ...string[]])[]>> = {
  "United States": [
    ["+15555550100", "+15555550100"],
    [" +1 (555) 555-0100 ", "+15555550100"],
    ["+1.555.555.0100", "+15555550100"],
    ["+1-555-555/0100", "+15555550100"],
    ["+1\u00a0555\u2011555\u20130100", "+15555550100"],
    ["[+1] 555·555·0100", "+15555550100"],
    ["+1 (0)555 555 0100", "+15555550100"],
    ["001 555 555 0100", "+15555550100"],
    ["tel:+1-555-555-0100", "+15555550100"],
    ["TEL:+1(555)5550100", "+15555550100"],
    ["tel:555-0100;phone-context=+1-555", "+15555550100"],
    ["tel:+15555550100;phone-context=example.com", "+15555550100"],
    ["tel:+15555550100;ext=7", "+15555550100"],
    ["+1 555 555 0100 ext. 7", "+15555550100"],
    ["+1 555 555 0100 extension 77", "+15555550100"],
    ["+1 555 555 0100x7", "+15555550100"],
    ["+1 555 555 0100 #7", "+15555550100"],
    ["+1 555 555 0100,,7#", "+15555550100"],
    ["＋１ ５５５ ５５５ ０１００", "+15555550100"],
    ["\u202a+1 555 555 0100\u202c", "+15555550100"],
    ["+1\u200b555\ufeff5550100", "+15555550100"],
    ["+1\t555\n555 0100", "+15555550100"],
    ["+1-800-FLOWERS", "+18003569377"],
    ["+1 800 flower5", "+18003569375"],
  ],
  "United Kingdom": [
    ["+44 20 7946 0958", "+442079460958"],
    ["+44 (0)20 7946 0958", "+442079460958"],
    ["+44 ( 0 ) 20 7946 0958", "+442079460958"],
    ["+44 (00) 20 7946 0958", "+442079460958"],
    ["+44 (020) 7946 0958", "+442079460958"],
    ["+44 020 7946 0958", "+442079460958"],
    ["0044 20 7946 0958", "+442079460958"],
    ["00 44 (0)20 7946 0958", "+442079460958"],
    ["011 44 20 7946 0958", "+442079460958"],
    ["0011 44 20 7946 0958", "+442079460958"],
    ["+0044 20 7946 0958", "+442079460958"],
    ["+٤٤ ٢٠ ٧٩٤٦ ٠٩٥٨", "+442079460958"],
    ["+४४ २० ७९४६ ०९५८", "+442079460958"],
  ],
  Italy: [
    ["+39 02 1234567", "+39021234567"],
    ["+39 (0)2 1234567", "+39021234567"],
    ["+39 (02) 1234567", "+39021234567"],
    ["+3902.1234567", "+39021234567"],
    ["0039 02 1234567", "+39021234567"],
    ["+39 2 1234567", "+3921234567", "+39021234567"],
    ["+39 312 345 6789", "+393123456789"],
    ["+39 (0)312 345 6789", "+3903123456789", "+393123456789"],
  ],
  "San Marino": [
    ["+378 0549 123456", "+3780549123456"],
    ["+378 (0)549 123456", "+3780549123456"],
  ],
  France: [
    ["+33 1 99 00 12 34", "+33199001234"],
    ["+33 (0)1 99 00 12 34", "+33199001234"],
    ["+33 0199001234", "+33199001234"],
    ["+33 01 99 00 12 34", "+33199001234"],
    ["+330199001234", "+330199001234", "+33199001234"],
    ["00 33 1 99 00 12 34", "+33199001234"],
  ],
  Germany: [
    ["+49 30 23125 000", "+493023125000"],
    ["+49 (0)30 23125-000", "+493023125000"],
    ["+49 (030) 23125 000", "+493023125000"],
    ["+49-(0)171-3920012", "+491713920012"],
    ["0049 (0) 171 / 3920012", "+491713920012"],
  ],
  Australia: [
    ["+61 491 570 156", "+61491570156"],
    ["+61 (04) 9157 0156", "+61491570156"],
    ["+61 (0)491 570 156", "+61491570156"],
    ["+61 (02) 5550 1234", "+61255501234"],
  ],
  Brazil: [
    ["+55 11 96123-4567", "+5511961234567"],
    ["+55 (11) 96123-4567", "+5511961234567"],
    ["+55 (011) 96123-4567", "+5511961234567"],
    ["+55 (0xx11) 96123-4567", "+5511961234567"],
    ["+55 0XX 11 96123-4567", "+5511961234567"],
    ["+55 015 11 96123-4567", "+5511961234567"],
  ],
  Mexico: [
    ["+52 222 123 4567", "+522221234567"],
    ["+52 1 222 123 4567", "+5212221234567", "+522221234567"],
    ["+52 (1) 222 123 4567", "+5212221234567", "+522221234567"],
  ],
  Argentina: [
    ["+54 9 11 2345-6789", "+5491123456789"],
    ["+54 11 15 2345-6789", "+5491123456789"],
    ["+54 (011) 15-2345-6789", "+5491123456789"],
  ],
  Japan: [
    ["+81 90-1234-5678", "+819012345678"],
    ["+81 (0)90-1234-5678", "+819012345678"],
    ["+８１ ０９０−１２３４−５６７８", "+819012345678"],
  ],
  India: [
    ["+91 81234 56789", "+918123456789"],
    ["+91 (0)81234-56789", "+918123456789"],
    ["+91-081234-56789", "+918123456789"],
  ],
  Spain: [
    ["+34 612 34 56 78", "+34612345678"],
    ["0034612345678", "+34612345678"],
  ],
  Netherlands: [
    ["+31 (0)6 12345678", "+31612345678"],
    ["+31-06-12345678", "+31612345678"],
  ],
  Switzerland: [
    ["+41 (0)78 123 45 67", "+41781234567"],
    ["+41 078 123 45 67", "+41781234567"],
  ],
  Russia: [
    ["+7 (912) 345-67-89", "+79123456789"],
    ["+7 8 912 345 67 89", "+79123456789"],
    ["+789123456789", "+789123456789", "+79123456789"],
  ],
  "Ivory Coast": [
    ["+225 01 23 45 6789", "+2250123456789"],
    ["+225 (0)1 23 45 6789", "+2250123456789"],
  ],
  Hungary: [
    ["+36 06 20 123 4567", "+36201234567"],
    ["+36 20 123 4567", "+36201234567"],
  ],
  Ireland: [
    ["+353 (0)85 012 3456", "+353850123456"],
    ["+353 085 012 3456", "+353850123456"],
  ],
  Lithuania: [["+370 (0-612) 34567", "+37061234567"]],
};

describe.each(Object.entries(spellings))("%s", (_, rows) => {
  test.each(rows)("%j is read as the right number", (text, ...expected) => {
    expect(addresses(text)).toEqual(expected);
  });
});

test("the table has at least 80 spellings from 15 countries", () => {
  expect(Object.values(spellings).flat().length).toBeGreaterThanOrEqual(80);
  expect(Object.keys(spellings).length).toBeGreaterThanOrEqual(15);
});

test.each([
  ["Anonymous"],
  ["unknown"],
  ["tel:anonymous"],
  ["anonymous@anonymous.invalid"],
  ["unavailable@unknown.invalid"],
  ["+266696687"],
  ["someone@example.com"],
  ["sip:+15555550100@example.com"],
  ["user1@example.com"],
])("%j is not changed: Connect sends such addresses", (text) => {
  expect(addresses(text)).toEqual([text]);
});

test.each([
  ["", "is empty; a script may have passed an empty variable. For a withheld caller, write Anonymous"],
  [" \u200b\t", "is empty"],
  ["555 555 0100", "has no country code"],
  ["(555) 555-0100", "has no country code"],
  ["15555550100", "has no country code"],
  ["442079460958", "has no country code"],
  ["22000", "has no country code"],
  ["tel:7042;phone-context=example.com", "is a number inside a private network"],
  ["+1 555 O55 0100", "has letters in it"],
  ["+44 20 7946 0958 (office)", "has letters in it"],
  ["555-FLOWERS1", "has letters in it"],
  ["+0 555 555 0100", "begins with +0"],
  ["+1", "quote a number with spaces"],
  ["+15555550100555555", "is not an E.164 number"],
  ["+1+5555550100", "is not an E.164 number"],
  ["+1 555 555 0100 / 0101", "is too long or too short for its country"],
  ["+1 555 555 01", "is too long or too short for its country"],
  ["+999 555 555 0100", "begins with a country code that does not exist"],
])("%j is refused: it %s", (text, problem) => {
  expect(() => addresses(text)).toThrow(problem);
});

test("a number without country code is read as a number of the country that is given", () => {
  expect(addresses("(201) 555-0123", "US")).toEqual(["+12015550123"]);
  expect(addresses("02 1234567", "IT")).toEqual(["+39021234567"]);
  expect(addresses("011 15-2345-6789", "AR")).toEqual(["+5491123456789"]);
  expect(() => addresses("123", "US")).toThrow("is not a number of the country US");
  expect(() => addresses("(201) 555-0123", "USA")).toThrow('--country: "USA" is not a country');
});

test("digits without + are an address too, if an instance looks such addresses up", () => {
  expect(addresses("22000", undefined, true)).toEqual(["22000"]);
  expect(addresses("1 (555) 555-0101", undefined, true)).toEqual(["15555550101"]);
  expect(addresses("442079460958", undefined, true)).toEqual(["+442079460958", "442079460958"]);
  expect(addresses("02 1234567", "IT", true)).toEqual(["+39021234567", "021234567"]);
});

test("each reading says how it differs from the spelling", () => {
  const readings = (text: string) => callersFrom(text, { otherNumbers: false }).map(({ reading }) => reading);
  expect(readings("+1 (555) 555-0100")).toEqual([undefined]);
  expect(readings("+39 (0)2 1234567")).toEqual(["with the 0 after the country code"]);
  expect(readings("+330199001234")).toEqual(["exactly as written", "without the 0 after the country code"]);
  expect(readings("0044 20 7946 0958 x7")).toEqual(["without the extension, with + instead of 00"]);
});

test("in every country, the number is found in its international and its national spelling", () => {
  const missed = getCountries().flatMap((country: CountryCode) => {
    const example = getExampleNumber(country, examples);
    if (example === undefined) return [];
    const national = example.formatNational();
    const texts = [
      example.number,
      example.formatInternational(),
      example.getURI(),
      `+${example.countryCallingCode} ${national}`,
    ];
    return [...texts.map((text) => [text, addresses(text)] as const), [national, addresses(national, country)] as const]
      .filter(([, found]) => !found.includes(example.number))
      .map(([text, found]) => `${country} ${text}: ${found.join()}`);
  });
  expect(missed).toEqual([]);
});

test("an E.164 number is a reading of itself, and a grouped number if its country can have it", () => {
  const separator = fc.string({ unit: fc.constantFrom(" ", "-", ".", "/", "\u2013"), maxLength: 2 });
  const separatorLists = fc.array(separator, { minLength: 16, maxLength: 16 });
  fc.assert(
    fc.property(fc.stringMatching(/^[1-9]\d{3,14}$/), separatorLists, (number, between) => {
      expect(addresses(`+${number}`)).toContain(`+${number}`);
      const grouped = `+${Array.from(number, (digit, n) => digit + (between[n] ?? "")).join("")}`;
      try {
        for (const address of addresses(grouped)) expect(addresses(`+${number}`)).toContain(address);
      } catch (error) {
        expect((error as Error).message).toMatch(/too long or too short|does not exist/);
        expect((error as Error).message).not.toContain(number);
      }
    }),
  );
});

test("no text crashes the reading, and every result is an address that Connect can send", () => {
  const alphabet = "+0123456789 ()-./x;,#=tel:ext@phone-contextaO\u200b٤４";
  const text = fc.string({ unit: fc.constantFrom(...Array.from(alphabet)), maxLength: 24 });
  fc.assert(
    fc.property(fc.oneof(text, fc.string()), fc.boolean(), (given, otherNumbers) => {
      try {
        for (const address of addresses(given, undefined, otherNumbers)) expect(address).not.toBe("");
      } catch (error) {
        expect((error as Error).name).toBe("CommandError");
      }
    }),
    { numRuns: 3000 },
  );
});

/** The modules that a program loads when it starts: imports that are not dynamic. */
async function loadedAtStart(program: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [program],
    bundle: true,
    packages: "external",
    platform: "node",
    write: false,
    metafile: true,
    outdir: "unused",
  });
  const loaded = new Set([program]);
  for (const file of loaded)
    for (const { path, kind } of metafile.inputs[file]?.imports ?? []) if (kind !== "dynamic-import") loaded.add(path);
  return [...loaded];
}

test("neither the function nor the start of another command loads the metadata of the countries", async () => {
  const fleet = await loadedAtStart("fleet/main.ts");
  expect(fleet).toContain("fleet/commands/check.ts");
  const call = await loadedAtStart("lambda/blocked-calls/index.ts");
  expect(call).toContain("lambda/blocked-calls/policy.ts");
  expect([...fleet, ...call].filter((name) => name.startsWith("libphonenumber-js"))).toEqual([]);
  expect(await loadedAtStart("fleet/checks/caller/caller.ts")).toContain("libphonenumber-js/max");
});

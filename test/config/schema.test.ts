/**
 * The schema that editors use and the tables of the documentation are the ones that the reader's tables make.
 * To write both anew: REFLECTD_WRITE_SCHEMA=1 npx vitest run test/config/schema.test.ts
 */

import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configurationSchema, schemaText } from "../../src/config/file.ts";
import { objectsOf, tableOf } from "./tables.ts";

const schemaFile = new URL("../../reflectd.schema.json", import.meta.url);
const documentFile = new URL("../../docs/configuration.md", import.meta.url);
const objects = [...objectsOf(configurationSchema())];
const tables = new Map(objects.map((object) => [object.path, tableOf(object)]));
const isWriting = process.env["REFLECTD_WRITE_SCHEMA"] === "1";

describe("the JSON Schema", () => {
  it("is checked in as the tables make it", () => {
    if (isWriting) writeFileSync(schemaFile, schemaText());
    expect(readFileSync(schemaFile, "utf8")).toBe(schemaText());
  });

  it("allows no unknown key anywhere and describes every key", () => {
    expect(objects.length).toBeGreaterThan(25);
    for (const { path, properties, closed } of objects) {
      expect(closed, path).toBe(true);
      for (const [key, schema] of Object.entries(properties)) {
        expect(schema["description"], `${path}.${key}`).toMatch(/^\S.*\.$/s);
      }
    }
  });
});

describe("docs/configuration.md", () => {
  it("has the tables between its marks as the schema makes them", () => {
    const had = readFileSync(documentFile, "utf8");
    const want = had.replace(/<!-- keys of (\S+) -->\n[^]*?<!-- end -->/g, (whole, path: string) => {
      expect(tables.has(path), whole.slice(0, 60)).toBe(true);
      return `<!-- keys of ${path} -->\n${tables.get(path) ?? ""}\n<!-- end -->`;
    });
    if (isWriting) writeFileSync(documentFile, want);
    expect(readFileSync(documentFile, "utf8")).toBe(want);
  });

  it("leaves out no table", () => {
    const text = readFileSync(documentFile, "utf8");
    expect([...tables].filter(([, table]) => !text.includes(table)).map(([path]) => path)).toEqual([]);
  });
});

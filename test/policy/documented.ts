/**
 * Is the reference of ACL files whole? Its parts by heading, the keys of the schema by their place, and whether an example
 * that has a key would tell other answers without it.
 */
import { isMap, isScalar, isSeq, parseAllDocuments, type Document } from 'yaml';

/** A key of the schema: the keys to it from the top; `*` is an item of a list, or any key of a map. */
export type Place = readonly string[];

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly allOf?: readonly JsonSchema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** Every key that the schema knows, and every word that it takes at some place: an item of an enumeration. */
export function placesOf(schema: JsonSchema, at: Place = []): { readonly keys: Place[]; readonly words: Place[] } {
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([key, value]) => placesOf(value, [...at, key])),
    ...[schema.items, schema.additionalProperties].map((value) =>
      typeof value === 'object' ? placesOf(value, [...at, '*']) : { keys: [], words: [] },
    ),
    ...[schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (list ?? []).map((value) => placesOf(value, at))),
  ];
  const words = [...(schema.enum ?? []), ...('const' in schema ? [schema.const] : [])];
  const unique = (places: Place[]): Place[] => [...new Map(places.map((place) => [place.join(), place])).values()];
  return {
    keys: unique([
      ...Object.keys(schema.properties ?? {}).map((key) => [...at, key]),
      ...inner.flatMap(({ keys }) => keys),
    ]),
    words: unique([...words.map((word) => [...at, String(word)]), ...inner.flatMap((one) => one.words)]),
  };
}

/** What stands below each heading of the second level. */
export function sectionsOf(text: string): ReadonlyMap<string, string> {
  const [, ...parts] = text.split(/^## /m);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf('\n')), part.slice(part.indexOf('\n'))]));
}

export const examplesIn = (text: string): string[] =>
  [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, body]) => body);

type Path = readonly (string | number)[];

/** The paths of a document's values that stand at a place. */
function pathsTo(document: Document, place: Place): Path[] {
  const from = (node: unknown, rest: Place, path: Path): Path[] => {
    if (rest.length === 0) return [path];
    const [step, ...more] = rest;
    if (isSeq(node)) return step === '*' ? node.items.flatMap((item, index) => from(item, more, [...path, index])) : [];
    if (!isMap(node)) return [];
    return node.items
      .filter(({ key }) => isScalar(key) && (step === '*' || key.value === step))
      .flatMap(({ key, value }) => from(value, more, [...path, String(isScalar(key) ? key.value : key)]));
  };
  return from(document.contents, place, []);
}

export const has = (example: string, place: Place): boolean =>
  parseAllDocuments(example).some((document) => pathsTo(document as Document, place).length > 0);

/** The example with each value at the place left out in turn: alone, or with the rule that it stands in. */
export function* without(example: string, place: Place): Generator<string> {
  const count = (parseAllDocuments(example) as Document[]).length;
  for (let index = 0; index < count; index++) {
    const paths = pathsTo((parseAllDocuments(example) as Document[])[index], place);
    for (const path of paths)
      for (const gone of [path, path.slice(0, -1)].filter(({ length }) => length > 0)) {
        const documents = parseAllDocuments(example) as Document[];
        documents[index].deleteIn(gone);
        yield documents.map(String).join('');
      }
  }
}

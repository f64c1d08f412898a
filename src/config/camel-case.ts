/** "message-size" is `messageSize` inside: the boot file is written as people write, the program as programs are. */
export type CamelCased<T> = T extends readonly (infer Element)[]
  ? readonly CamelCased<Element>[]
  : T extends Branded
    ? T
    : T extends object
      ? { readonly [Key in keyof T as CamelCase<Key & string>]: CamelCased<T[Key]> }
      : T;

/** Values that our own parsers made are not tables of the boot file: their names stay. */
type Branded = { readonly family: 4 | 6 } | { readonly set: unknown };

type CamelCase<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name;

export function camelCased<T>(value: T): CamelCased<T>;
export function camelCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => camelCased(one as unknown));
  if (typeof value !== "object" || value === null || "family" in value || "set" in value) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [camelCase(name), camelCased(inner)]));
}

export function camelCase(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

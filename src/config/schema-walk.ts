import { z } from "zod";
import type { Path } from "./toml.ts";

/** One key of the boot file, as the reference page and the environment need it. */
export type Key = {
  readonly path: readonly string[];
  readonly kind: "text" | "number" | "boolean" | "list";
  /** For people: "duration", "0 to 65535", "`relay` or `submission`". */
  readonly called: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** As one would write it in the file; undefined when there is none. */
  readonly defaultValue: unknown;
};

/** The tables of the boot file in order, each with its keys; the first has the keys that stand in no table. */
export type Table = {
  readonly path: readonly string[];
  readonly description: string;
  readonly isList: boolean;
  readonly keys: readonly Key[];
};

export function tablesOf(schema: z.ZodType): readonly Table[] {
  const shape = shapeOf(schema) ?? {};
  const nested = Object.entries(shape).filter(([, inner]) => tableShape(inner) !== undefined);
  const plain = Object.entries(shape).filter(([, inner]) => tableShape(inner) === undefined);
  return [
    { path: [], description: "", isList: false, keys: plain.map(([name, inner]) => keyOf([name], inner)) },
    ...nested.map(([name, inner]) => ({
      path: [name],
      description: descriptionOf(inner) || descriptionOf(unwrapped(bare(inner))),
      isList: bare(inner) instanceof z.ZodArray,
      keys: Object.entries(tableShape(inner) ?? {}).map(([key, leaf]) => keyOf([name, key], leaf)),
    })),
  ];
}

/** The names that may stand in the table at this path (numbers in it are counts of a list). */
export function namesAt(schema: z.ZodType, path: Path): readonly string[] {
  let here: z.ZodType | undefined = schema;
  for (const step of path) {
    if (here === undefined) return [];
    here = typeof step === "number" ? unwrapped(bare(here)) : shapeOf(here)?.[step];
  }
  return here === undefined ? [] : Object.keys(shapeOf(here) ?? {});
}

function keyOf(path: readonly string[], schema: z.ZodType): Key {
  const inner = bare(schema);
  const start = schema.safeParse(undefined);
  return {
    path,
    kind: kindOf(inner),
    called: calledOf(inner),
    description: descriptionOf(schema),
    isRequired: !start.success,
    defaultValue: writtenDefault(schema),
  };
}

function kindOf(inner: z.ZodType): Key["kind"] {
  if (inner instanceof z.ZodArray) return "list";
  if (inner instanceof z.ZodBoolean) return "boolean";
  return inner instanceof z.ZodNumber ? "number" : "text";
}

function calledOf(inner: z.ZodType): string {
  const called = inner.meta()?.["called"];
  if (typeof called === "string") return called;
  if (inner instanceof z.ZodEnum) return inner.options.map((option) => `\`${option}\``).join(" or ");
  if (inner instanceof z.ZodArray) return `list of ${calledOf(bare(inner.element as z.ZodType))}`;
  return inner instanceof z.ZodBoolean ? "`true` or `false`" : "text";
}

/** A default may stand at any depth of wrapping; `prefault` has it as one writes it. */
function writtenDefault(schema: z.ZodType): unknown {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) return schema.def.defaultValue;
  return undefined;
}

/** Without optional, default and prefault. */
function bare(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return bare(schema.def.innerType as z.ZodType);
  }
  return schema;
}

function unwrapped(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodArray ? bare(schema.element as z.ZodType) : schema;
}

function tableShape(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  return shapeOf(unwrapped(bare(schema)));
}

function shapeOf(schema: z.ZodType): Record<string, z.ZodType> | undefined {
  const inner = bare(schema);
  return inner instanceof z.ZodObject ? inner.shape : undefined;
}

function descriptionOf(schema: z.ZodType): string {
  return schema.description ?? bare(schema).description ?? "";
}

import { parseTOML, ParseError } from "toml-eslint-parser";
import type { AST } from "toml-eslint-parser";
import { shortened } from "../events/escape.ts";

/** Keys from the outside in; numbers count the tables of a `[[list]]` and the values of an array from 0. */
export type Path = readonly (string | number)[];

/** Both count from 1. */
export type Position = { readonly line: number; readonly column: number };

export type TomlDocument = {
  readonly data: Readonly<Record<string, unknown>>;
  /** Where the value at this path stands, or the nearest that encloses it. */
  valueAt(path: Path): Position;
  /** Where the key at this path stands, or the nearest that encloses it. */
  keyAt(path: Path): Position;
};

/** A boot file is written by hand: more is a mistake, and would take long to read. */
const longestDocument = 1_000_000;

/** TOML 1.0; a syntax error or a key that comes twice is a problem with its place. */
export function parseToml(text: string): TomlDocument | { readonly problem: string; readonly at: Position } {
  if (text.length > longestDocument) return { problem: "is longer than a million characters", at: top };
  try {
    const program = parseTOML(text, { tomlVersion: "1.0" });
    const reading = new Reading();
    reading.takeTable(program.body[0].body, []);
    return {
      data: reading.data,
      valueAt: (path) => reading.nearest("value", path),
      keyAt: (path) => reading.nearest("key", path),
    };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const problem = shortened(error.message.replace(/\.$/, ""));
    return { problem, at: { line: error.lineNumber, column: error.column + 1 } };
  }
}

const top: Position = { line: 1, column: 1 };

type Plain = Record<string | number, unknown>;

/**
 * Builds the data and remembers where each part of it stood. The parser's own conversion is not used: a table called
 * `__proto__` would go through it into every object of the process. Our tables have no prototype.
 */
class Reading {
  readonly data: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  readonly #positions = new Map<string, Position>();

  nearest(what: "key" | "value", path: Path): Position {
    for (let length = path.length; length > 0; length--) {
      const position = this.#positions.get(keyOf(what, path.slice(0, length)));
      if (position !== undefined) return position;
    }
    return top;
  }

  takeTable(body: readonly (AST.TOMLKeyValue | AST.TOMLTable)[], prefix: Path): void {
    for (const node of body) {
      if (node.type === "TOMLTable") {
        this.#note("key", node.resolvedKey, node.key);
        this.#note("value", node.resolvedKey, node);
        this.#container(node.resolvedKey, false);
        this.takeTable(node.body, node.resolvedKey);
      } else {
        const path = [...prefix, ...node.key.keys.map((key) => (key.type === "TOMLBare" ? key.name : key.value))];
        this.#note("key", path, node.key);
        this.#takeValue(node.value, path);
      }
    }
  }

  #takeValue(node: AST.TOMLContentNode, path: Path): void {
    this.#note("value", path, node);
    if (node.type === "TOMLInlineTable") {
      this.#container(path, false);
      this.takeTable(node.body, path);
    } else if (node.type === "TOMLArray") {
      this.#container(path, true);
      node.elements.forEach((element, index) => this.#takeValue(element, [...path, index]));
    } else {
      this.#container(path.slice(0, -1), typeof path.at(-1) === "number")[path.at(-1) ?? ""] = node.value;
    }
  }

  /** The table or list at this path, made when it is not there yet. */
  #container(path: Path, isList: boolean): Plain {
    let here: Plain = this.data;
    path.forEach((step, index) => {
      const holdsList = index + 1 < path.length ? typeof path[index + 1] === "number" : isList;
      here = (here[step] ??= holdsList ? [] : Object.create(null)) as Plain;
    });
    return here;
  }

  #note(what: "key" | "value", path: Path, node: AST.TOMLNode): void {
    this.#positions.set(keyOf(what, path), { line: node.loc.start.line, column: node.loc.start.column + 1 });
  }
}

function keyOf(what: "key" | "value", path: Path): string {
  return JSON.stringify([what, ...path]);
}

import type { Command, SearchKey } from "./command.ts";

/** Whether a command says that its client knows of modification sequences: from then on it hears of them (RFC 7162 §3.1). */
export function impliesCondstore(command: Command): boolean {
  switch (command.name) {
    case "SELECT":
    case "EXAMINE":
      return command.condstore;
    case "STATUS":
      return command.items.includes("HIGHESTMODSEQ");
    case "FETCH":
      return command.changedSince !== null || command.items.some(({ item }) => item === "MODSEQ");
    case "STORE":
      return command.unchangedSince !== null;
    case "SEARCH":
    case "SORT":
    case "THREAD":
      return usesModseq(command.key);
    default:
      return false;
  }
}

function usesModseq(key: SearchKey): boolean {
  switch (key.is) {
    case "modseq":
      return true;
    case "and":
    case "or":
      return key.keys.some(usesModseq);
    case "not":
      return usesModseq(key.key);
    default:
      return false;
  }
}

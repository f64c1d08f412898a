import type { Command, List, StatusItem } from "./command.ts";
import { decodeModifiedUtf7 } from "./mailbox-name.ts";
import { readStatusItems } from "./parse-mailbox.ts";
import type { Scanner } from "./scanner.ts";
import { readMailbox, type Syntax } from "./syntax.ts";

const openBracket = "(".charCodeAt(0);

/** RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154 §2; the plain form is RFC 3501 §6.3.8. */
export function parseList(scanner: Scanner, syntax: Syntax): Command {
  let isExtended = false;
  const select = new Set<List["select"][number]>();
  const returns = new Set<List["returns"][number]>();
  let status: StatusItem[] | null = null;
  scanner.space("a reference");
  if (scanner.peek() === openBracket) {
    isExtended = true;
    readSelect(scanner, select);
    scanner.space("a reference");
  }
  const reference = readMailbox(scanner, syntax);
  scanner.space("a pattern");
  const patterns: string[] = [];
  if (scanner.peek() === openBracket) {
    isExtended = true;
    scanner.list("patterns", () => patterns.push(readPattern(scanner, syntax)));
  } else patterns.push(readPattern(scanner, syntax));
  if (scanner.more()) {
    isExtended = true;
    scanner.oneOf("RETURN", ["RETURN"]);
    scanner.space("its list");
    scanner.listOrEmpty("what to return", () => {
      const option = scanner.oneOf("SUBSCRIBED, CHILDREN, SPECIAL-USE or STATUS", returnOptions);
      if (option === "STATUS") {
        scanner.space("a list of items");
        status = readStatusItems(scanner);
      } else if (option !== null) returns.add(option);
    });
  }
  return {
    name: "LIST",
    reference,
    patterns,
    isExtended,
    select: [...select],
    returns: [...returns],
    status,
  };
}

const selectOptions = ["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"] as const;
const returnOptions = ["SUBSCRIBED", "CHILDREN", "SPECIAL-USE", "STATUS"] as const;

function readSelect(scanner: Scanner, select: Set<List["select"][number]>): void {
  scanner.listOrEmpty("what to select", () => {
    const option = scanner.oneOf("SUBSCRIBED, REMOTE, RECURSIVEMATCH or SPECIAL-USE", selectOptions);
    if (option !== null) select.add(option);
  });
  // RFC 5258 §3: it says how to apply the others, and REMOTE selects nothing.
  if (select.has("RECURSIVEMATCH") && !select.has("SUBSCRIBED") && !select.has("SPECIAL-USE")) {
    scanner.refuse("RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it");
  }
}

export function parseLsub(scanner: Scanner, syntax: Syntax): Command {
  scanner.space("a reference");
  const reference = readMailbox(scanner, syntax);
  scanner.space("a pattern");
  return { name: "LSUB", reference, pattern: readPattern(scanner, syntax) };
}

/** One in no encoding matches what it says, which is nothing or what was meant: to look does no harm. */
function readPattern(scanner: Scanner, { isUtf8 }: Syntax): string {
  const text = scanner.decoded(scanner.listPattern("a pattern"), "a pattern");
  const pattern = isUtf8 ? text : (decodeModifiedUtf7(text) ?? text);
  return pattern.normalize("NFC");
}

/** A message to be threaded (RFC 5256 §3). */
export type Threadable = {
  readonly uid: number;
  /** Of its Message-ID; null: it has none that is valid. */
  readonly id: string | null;
  /** Those of References, or the first of In-Reply-To. */
  readonly references: readonly string[];
  readonly sentAt: number;
  readonly subject: string;
  readonly isReply: boolean;
};

/** A message with those that answer it; `message` null: nobody has it, or it only holds others together. */
export type ThreadNode = { message: Threadable | null; parent: ThreadNode | null; children: ThreadNode[] };

export const newNode = (message: Threadable | null): ThreadNode => ({ message, parent: null, children: [] });

export function adopt(parent: ThreadNode, child: ThreadNode): void {
  parent.children.push(child);
  child.parent = parent;
}

/** Every node below these, each after what is below it: without recursion, for a hostile thread is as deep as it has messages. */
export function bottomUp(roots: readonly ThreadNode[]): readonly ThreadNode[] {
  const order: ThreadNode[] = [];
  const stack = [...roots];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    order.push(node);
    for (const child of node.children) stack.push(child);
  }
  return order.reverse();
}

/** When the message was sent; one that nobody has counts as its first answer. The children must be in order. */
export function sentAtOfNode(node: ThreadNode): readonly [sentAt: number, uid: number] {
  let current: ThreadNode | undefined = node;
  while (current !== undefined && current.message === null) current = current.children[0];
  const message = current?.message;
  return message === undefined || message === null ? [0, 0] : [message.sentAt, message.uid];
}

export function sortBySent(nodes: ThreadNode[]): void {
  const keys = new Map(nodes.map((node) => [node, sentAtOfNode(node)]));
  nodes.sort((a, b) => {
    const [x = [0, 0], y = [0, 0]] = [keys.get(a), keys.get(b)];
    return x[0] - y[0] || x[1] - y[1];
  });
}

/** "(3 6 (4 23)(44 7 96))" (RFC 5256 §4): a row of single answers in a line, several side by side in brackets. */
export function formatThreads(roots: readonly ThreadNode[], name: (uid: number) => number): string {
  let text = "";
  // What is left to write: nodes that begin a bracket, nodes that go on in one, and brackets that close.
  const stack: ("close" | { readonly node: ThreadNode; readonly opens: boolean })[] = [];
  const push = (nodes: readonly ThreadNode[], opens: boolean) => {
    for (const node of nodes.toReversed()) {
      if (opens) stack.push("close");
      stack.push({ node, opens });
    }
  };
  push(roots, true);
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next === "close") {
      text += ")";
      continue;
    }
    const { node, opens } = next;
    if (opens) text += "(";
    if (node.message !== null) text += `${opens ? "" : " "}${name(node.message.uid)}`;
    const { children } = node;
    if (children.length === 0) continue;
    // A single answer stands in the line; a dummy that holds several begins with their brackets.
    if (children.length === 1) push(children, false);
    else {
      if (node.message !== null) text += " ";
      push(children, true);
    }
  }
  return text;
}

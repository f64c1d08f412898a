import { adopt, bottomUp, newNode, sortBySent, type Threadable, type ThreadNode } from "./thread-tree.ts";

/** THREAD=ORDEREDSUBJECT (RFC 5256 §3): messages of one subject, all of them answers to the first. */
export function threadBySubject(messages: readonly Threadable[]): readonly ThreadNode[] {
  const roots = new Map<string, ThreadNode>();
  for (const message of messages.toSorted((a, b) => a.sentAt - b.sentAt || a.uid - b.uid)) {
    const root = roots.get(message.subject);
    if (root === undefined) roots.set(message.subject, newNode(message));
    else adopt(root, newNode(message));
  }
  const threads = [...roots.values()];
  sortBySent(threads);
  return threads;
}

/**
 * THREAD=REFERENCES (RFC 5256 §3, its steps by their numbers). Time is bounded by the ids and nearly linear in them: whether a link would
 * make a loop is answered by sets that are joined, not by walking up.
 */
export function threadByReferences(messages: readonly Threadable[]): readonly ThreadNode[] {
  const table = new IdTable(messages);
  for (const message of messages) table.linkToParent(message);
  for (const [at, message] of messages.entries()) table.linkReferences(message, at);
  const roots = withoutDummies(table.roots());
  for (const node of bottomUp(roots)) sortBySent(node.children);
  sortBySent(roots);
  const threads = joinBySubject(roots);
  for (const node of bottomUp(threads)) sortBySent(node.children);
  sortBySent(threads);
  return threads;
}

/** Steps 1 and 2. */
class IdTable {
  readonly #nodes = new Map<string, ThreadNode>();
  readonly #byMessage = new Map<Threadable, ThreadNode>();
  /** The set of a node, as the next node on the way to the one that stands for it. */
  readonly #above = new Map<ThreadNode, ThreadNode>();
  /** Where in the mailbox a message stands. */
  readonly #places = new Map<ThreadNode, number>();

  constructor(messages: readonly Threadable[]) {
    for (const [at, message] of messages.entries()) {
      const known = message.id === null ? undefined : this.#nodes.get(message.id);
      // The second of an id counts as one without (step 1).
      const node = known === undefined || known.message !== null ? newNode(message) : known;
      node.message = message;
      if (message.id !== null && !this.#nodes.has(message.id)) this.#nodes.set(message.id, node);
      this.#byMessage.set(message, node);
      this.#places.set(node, at);
    }
  }

  /** Step 1.B: what a message says of itself outweighs what others say of it, so it comes first. */
  linkToParent(message: Threadable): void {
    const node = this.#byMessage.get(message);
    const last = message.references.at(-1);
    if (node !== undefined && last !== undefined) this.#link(this.#nodeOf(last), node);
  }

  /** Step 1.A. What is said of a message before it comes itself, 1.B undoes: only those behind it can say what it answers. */
  linkReferences({ references }: Threadable, at: number): void {
    for (let i = 1; i < references.length; i++) {
      const child = this.#nodeOf(references[i] ?? "");
      if ((this.#places.get(child) ?? -1) > at) continue;
      this.#link(this.#nodeOf(references[i - 1] ?? ""), child);
    }
  }

  roots(): ThreadNode[] {
    const nodes = new Set([...this.#byMessage.values(), ...this.#nodes.values()]);
    return [...nodes].filter(({ parent }) => parent === null);
  }

  #nodeOf(id: string): ThreadNode {
    let node = this.#nodes.get(id);
    if (node === undefined) this.#nodes.set(id, (node = newNode(null)));
    return node;
  }

  /** A child without a parent stands at the top of its set: a loop it would be exactly if the parent is in that set. */
  #link(parent: ThreadNode, child: ThreadNode): void {
    if (child.parent !== null || this.#topOf(parent) === child) return;
    adopt(parent, child);
    this.#above.set(child, parent);
  }

  #topOf(node: ThreadNode): ThreadNode {
    let top = node;
    for (let above = this.#above.get(top); above !== undefined; above = this.#above.get(top)) top = above;
    for (let at = node; at !== top;) {
      const above = this.#above.get(at);
      this.#above.set(at, top);
      if (above === undefined) break;
      at = above;
    }
    return top;
  }
}

/** Step 3: a dummy goes, and its children take its place; at the top only when it has one. Each dummy is passed once. */
function withoutDummies(roots: readonly ThreadNode[]): ThreadNode[] {
  const tops: ThreadNode[] = [];
  for (const root of roots) {
    const children = root.message === null ? answersBelow(root) : [];
    if (root.message !== null || children.length > 1) tops.push(root);
    else tops.push(...children);
  }
  for (const node of bottomUp(roots)) {
    if (node.message === null && node.parent !== null) continue;
    node.children = answersBelow(node);
  }
  for (const top of tops) top.parent = null;
  for (const node of bottomUp(tops)) for (const child of node.children) child.parent = node;
  return tops;
}

/** The next messages below a node, through all dummies between. */
function answersBelow(node: ThreadNode): ThreadNode[] {
  const answers: ThreadNode[] = [];
  const stack = node.children.toReversed();
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (next.message !== null) answers.push(next);
    else stack.push(...next.children.toReversed());
  }
  return answers;
}

/** Step 5. */
function joinBySubject(roots: readonly ThreadNode[]): ThreadNode[] {
  const bySubject = new Map<string, ThreadNode>();
  for (const root of roots) {
    const subject = subjectOf(root);
    if (subject === "") continue;
    const other = bySubject.get(subject);
    if (other === undefined || outweighs(root, other)) bySubject.set(subject, root);
  }
  const threads = new Set(roots);
  for (const root of roots) {
    const subject = subjectOf(root);
    const other = bySubject.get(subject);
    if (subject === "" || other === undefined || other === root) continue;
    threads.delete(root);
    if (other.message === null && root.message === null) for (const child of root.children) adopt(other, child);
    else if (other.message === null || (isReply(root) && !isReply(other))) adopt(other, root);
    else {
      const both = newNode(null);
      adopt(both, other);
      adopt(both, root);
      threads.delete(other);
      threads.add(both);
      bySubject.set(subject, both);
    }
  }
  return [...threads];
}

function subjectOf(root: ThreadNode): string {
  return (root.message ?? root.children[0]?.message)?.subject ?? "";
}

function isReply(root: ThreadNode): boolean {
  return (root.message ?? root.children[0]?.message)?.isReply ?? false;
}

function outweighs(root: ThreadNode, other: ThreadNode): boolean {
  if (other.message === null) return false;
  return root.message === null || (isReply(other) && !isReply(root));
}

import type { Refusal } from "../address/address.ts";
import { displayDomain, parseDomain } from "../address/domain.ts";

/** A domain as the document names it: `#example.com` is that domain alone, `example.com` also all its subdomains. */
export type DomainForm = { readonly domain: string; readonly isExact: boolean };

/** Reads `#example.com` or `example.com` (relay-policy §2.1, matching), blanks around it trimmed. */
export function parseDomainForm(text: string): DomainForm | Refusal {
  const trimmed = text.trim();
  const isExact = trimmed.startsWith("#");
  const name = isExact ? trimmed.slice(1) : trimmed;
  if (name === "." || name === "*") return { refused: "everything is not a domain: that is what default-route is for" };
  if (name.startsWith("[")) return { refused: "an address literal is not a domain of this table" };
  const domain = parseDomain(name, { where: "document", trailingDot: "drop" });
  return typeof domain === "string" ? { domain, isExact } : domain;
}

/** As it stands in a document, A-labels shown as U-labels. */
export function formatDomainForm({ domain, isExact }: DomainForm): string {
  return `${isExact ? "#" : ""}${displayDomain(domain)}`;
}

/** Whether every domain that `inner` covers is covered by `outer`. */
export function coversForm(outer: DomainForm, inner: DomainForm): boolean {
  if (outer.isExact) return inner.isExact && inner.domain === outer.domain;
  return inner.domain === outer.domain || inner.domain.endsWith(`.${outer.domain}`);
}

/** Values by domain form; the most specific form that covers a domain is found with at most one look-up a label. */
export type FormTable<T> = {
  readonly slots: ReadonlyMap<string, FormSlot<T>>;
  /** Of the form with the most: longer tails of a domain are not looked up, however many labels a stranger writes. */
  readonly mostLabels: number;
};

type FormSlot<T> = { exact: T | null; under: T | null };

/** A later value of the same form replaces an earlier one: the caller reports such duplicates. */
export function formTable<T>(values: readonly T[], formOf: (value: T) => DomainForm): FormTable<T> {
  const slots = new Map<string, FormSlot<T>>();
  let mostLabels = 0;
  for (const value of values) {
    const { domain, isExact } = formOf(value);
    let slot = slots.get(domain);
    if (slot === undefined) {
      slots.set(domain, (slot = { exact: null, under: null }));
      mostLabels = Math.max(mostLabels, labelsOf(domain));
    }
    if (isExact) slot.exact = value;
    else slot.under = value;
  }
  return { slots, mostLabels };
}

/** The value of the most specific form that covers `domain` (lower-case A-labels); at equal length `#` wins. */
export function findForm<T>({ slots, mostLabels }: FormTable<T>, domain: string): T | null {
  if (mostLabels === 0) return null;
  let start = tailStart(domain, mostLabels);
  if (start === 0) {
    const slot = slots.get(domain);
    if (slot !== undefined) {
      if (slot.exact !== null) return slot.exact;
      if (slot.under !== null) return slot.under;
    }
    start = domain.indexOf(".") + 1;
  }
  for (; start > 0; start = domain.indexOf(".", start) + 1) {
    const under = slots.get(domain.slice(start))?.under;
    if (under !== undefined && under !== null) return under;
  }
  return null;
}

function labelsOf(domain: string): number {
  let labels = 1;
  for (let dot = domain.indexOf("."); dot >= 0; dot = domain.indexOf(".", dot + 1)) labels++;
  return labels;
}

/** Where the last so many labels of a domain begin. */
function tailStart(domain: string, labels: number): number {
  let dot = domain.length;
  for (let label = 0; label < labels; label++) {
    dot = domain.lastIndexOf(".", dot - 1);
    // A look for "." before the first character would find it there.
    if (dot <= 0) return 0;
  }
  return dot + 1;
}

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { coversForm, type DomainForm, findForm, formTable } from "./domain-forms.ts";

const label = fc.constantFrom("a", "b", "ab");
const domain = fc.array(label, { minLength: 1, maxLength: 6 }).map((labels) => labels.join("."));
const form: fc.Arbitrary<DomainForm> = fc.record({ domain, isExact: fc.boolean() });

/** What relay-policy §2.1 says, read off each entry. */
function scan(forms: readonly DomainForm[], asked: string): DomainForm | null {
  const covering = forms.filter((one) => coversForm(one, { domain: asked, isExact: true }));
  const [best] = covering.toSorted(
    (a, b) => b.domain.length - a.domain.length || Number(b.isExact) - Number(a.isExact),
  );
  return best ?? null;
}

test("the most specific form that covers a domain, as a scan of all finds it", () => {
  fc.assert(
    fc.property(fc.uniqueArray(form, { selector: (one) => JSON.stringify(one) }), domain, (forms, asked) => {
      assert.deepEqual(
        findForm(
          formTable(forms, (one) => one),
          asked,
        ),
        scan(forms, asked),
      );
    }),
    { numRuns: 2_000 },
  );
});

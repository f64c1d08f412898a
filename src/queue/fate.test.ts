import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { QueuedRecipient, QueueEntry, RecipientOutcome } from "./entry.ts";
import { fateOf, notifyBehindAlias, type Ruling } from "./fate.ts";
import { defaultSchedule } from "./schedule.ts";

const hourMs = 3_600_000;
const entry: QueueEntry = {
  id: 1,
  contentId: 2,
  size: 10,
  reversePath: "a@example.com",
  bornAt: 0,
  body: "7BIT",
  smtpUtf8: false,
  ret: null,
  envid: null,
  listener: "relay",
  client: "",
  account: null,
};
const recipient: QueuedRecipient = {
  id: 3,
  entryId: 1,
  forwardPath: "bob@r.test",
  originalPath: null,
  orcpt: null,
  notify: null,
  dueAt: 0,
  attempts: 1,
  isDelayReported: false,
};
const said = { code: null, status: "", said: "", host: null };
const accepted: RecipientOutcome = { result: "accepted", ...said };
const permanent: RecipientOutcome = { result: "permanent", ...said };
const transient: RecipientOutcome = { result: "transient", ...said };

type Given = {
  readonly outcome: RecipientOutcome;
  readonly notify?: string | null;
  readonly reversePath?: string;
  readonly ageHours?: number;
  readonly isDelayReported?: boolean;
  readonly isFinal?: boolean;
};

function ruling({ outcome, notify = null, reversePath = "a@example.com", ageHours = 0, ...more }: Given): Ruling {
  const { isDelayReported = false, isFinal = false } = more;
  return fateOf(
    outcome,
    { recipient: { ...recipient, notify, isDelayReported }, entry: { ...entry, reversePath } },
    { now: ageHours * hourMs, schedule: defaultSchedule, jitter: 0, isFinal },
  );
}

/** RFC 3461 §4.1, §5.2: what the sender hears, by what it asked for. */
const table: Record<string, [given: Given, fate: Ruling["fate"], report: Ruling["report"]]> = {
  "a success that nobody asked about": [{ outcome: accepted }, "delivered", null],
  "a success at a host that reports nothing": [{ outcome: accepted, notify: "SUCCESS" }, "delivered", "relayed"],
  "a success at a host that took the duty over": [
    { outcome: { ...accepted, peerReports: true }, notify: "SUCCESS,FAILURE" },
    "delivered",
    null,
  ],
  "a success here": [{ outcome: accepted, notify: "SUCCESS", isFinal: true }, "delivered", "success"],
  "a success where only failures are asked about": [
    { outcome: accepted, notify: "FAILURE", isFinal: true },
    "delivered",
    null,
  ],
  "a failure": [{ outcome: permanent }, "failed", "failure"],
  "a failure where failures are asked about": [{ outcome: permanent, notify: "FAILURE,DELAY" }, "failed", "failure"],
  "a failure where only successes are": [{ outcome: permanent, notify: "SUCCESS" }, "failed", null],
  "a failure with NEVER": [{ outcome: permanent, notify: "NEVER" }, "failed", null],
  "O-35: a failure of a report": [{ outcome: permanent, reversePath: "" }, "failed", null],
  "O-35: … whatever it asks for": [{ outcome: permanent, reversePath: "", notify: "FAILURE" }, "failed", null],
  "O-35: a report that is delivered": [{ outcome: accepted, reversePath: "", notify: "SUCCESS" }, "delivered", null],
  "O-37 (c): no answer to the dot": [{ outcome: transient }, "waiting", null],
  "a delay of four hours": [{ outcome: transient, ageHours: 4 }, "waiting", "delay"],
  "a delay that was told": [{ outcome: transient, ageHours: 8, isDelayReported: true }, "waiting", null],
  "a delay with NEVER": [{ outcome: transient, ageHours: 4, notify: "NEVER" }, "waiting", null],
  "a delay where only failures are asked about": [
    { outcome: transient, ageHours: 4, notify: "FAILURE" },
    "waiting",
    null,
  ],
  "a delay of a report": [{ outcome: transient, ageHours: 4, reversePath: "" }, "waiting", null],
  "the end of its time": [{ outcome: transient, ageHours: 120 }, "expired", "failure"],
  "the end of its time with NEVER": [{ outcome: transient, ageHours: 120, notify: "NEVER" }, "expired", null],
};

describe("the fate of a recipient, and what its sender hears", () => {
  for (const [name, [given, fate, report]] of Object.entries(table)) {
    it(name, () => {
      const ruled = ruling(given);
      assert.deepEqual([ruled.fate, ruled.report], [fate, report]);
    });
  }
});

it("an alias with several recipients hands on what the sender asked, but for successes", () => {
  const cases = { SUCCESS: "NEVER", "success,FAILURE": "FAILURE", "FAILURE,DELAY": "FAILURE,DELAY", NEVER: "NEVER" };
  for (const [asked, left] of Object.entries(cases)) assert.equal(notifyBehindAlias(asked), left);
  assert.equal(notifyBehindAlias(null), null);
});

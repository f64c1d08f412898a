import assert from "node:assert/strict";
import { test } from "node:test";
import * as replies from "../../src/smtp/replies.ts";
import { LineClient } from "../../testing/line-client.ts";
import { openReceptionScene } from "../../testing/reception-scene.ts";

/**
 * relay-policy §2.2, "Order of the checks": connections, 530 on submission, grammar of MAIL, sender of an authenticated account,
 * grammar of RCPT, literal of ours, then for each routing step the forms of §2.3 and that step's route, then the six lines.
 * Each line of the tables is wrong in two neighbouring ways and hears of the first.
 */
const policy = `
routing:
  - { sent-to: "#example.com", route: inbound }
  - { sent-to: "#old.example", route: reroute, domain: example.com }
  - { sent-to: "#branch.example", route: gateway, host: 192.0.2.200 }
  - { sent-to: "#backup.example", route: always-relay }
relay:
  authenticated: true
  addresses:
    - { id: lan, match: 127.0.2.0/24 }
    - { id: device, match: 127.0.5.1, listeners: [submission], to: ["#only.example"] }
  never: [ { id: guest, match: 127.0.2.66 } ]
connections:
  reject: [ 127.0.9.0/24 ]
`;
const login = `AUTH PLAIN ${Buffer.from("\0anna@example.com\0pa55").toString("base64")}`;

test("each check comes before the next one", async (t) => {
  let isShort = false;
  const scene = await openReceptionScene(t, {
    listeners: [
      { name: "relay", kind: "relay", auth: true, allowClearAuth: true },
      { name: "submission", kind: "submission", allowClearAuth: true },
    ],
    policy,
    accounts: [{ address: "info@example.com" }, { address: "anna@example.com", password: { password: "pa55" } }],
    shortage: () => (isShort ? replies.storageLow : null),
  });
  const portOf = (name: string) => scene.portOf(name);
  const onSubmission = async (from: string, ...lines: string[]) => {
    const client = await LineClient.dial(portOf("submission"), { from });
    return (await client.sayAll(["EHLO c.test", ...lines])).slice(1).map((reply) => reply.slice(0, 9).trim());
  };
  const onRelay = async (from: string, ...paths: string[]) => {
    const client = await LineClient.dial(portOf("relay"), { from });
    await client.sayAll(["EHLO c.test", "MAIL FROM:<p@example.org>"]);
    return (await client.sayAll(paths.map((path) => `RCPT TO:${path}`))).map((reply) => reply.slice(0, 9));
  };

  // connections, before anything
  for (const name of ["relay", "submission"]) {
    const refused = await LineClient.connect(portOf(name), { from: "127.0.9.1" });
    assert.match(await refused.hear(), /^554 5\.7\.1 /);
    assert.equal(await refused.hear(), "");
  }

  // 530, before the grammar of MAIL, its parameters, its size, and before "come again later"
  isShort = true;
  const wrong = ["MAIL", "MAIL FROM:<a@>", "MAIL FROM:<a@b.test> FOO=1", "MAIL FROM:<a@b.test> SIZE=99999999999"];
  assert.deepEqual(
    await onSubmission("127.0.0.1", ...wrong, "MAIL FROM:<anna@example.com>"),
    Array.from({ length: 5 }, () => "530 5.7.0"),
  );
  isShort = false;
  // A grant that names the listener needs no login: then the grammar is next. Its sender is nobody's business.
  assert.deepEqual(await onSubmission("127.0.5.1", ...wrong, "MAIL FROM:<any@example.org>"), [
    "501 5.5.4",
    "501 5.1.7",
    "555 5.5.4",
    "552 5.3.4",
    "250 2.1.0",
  ]);
  // Any other grant does not count there.
  assert.deepEqual(await onSubmission("127.0.2.9", "MAIL FROM:<a@>"), ["530 5.7.0"]);

  // grammar of MAIL, before the sender of the account
  assert.deepEqual(
    await onSubmission("127.0.0.1", login, "MAIL FROM:<info@example.com> FOO=1", "MAIL FROM:<info@example.com>"),
    ["235 2.7.0", "555 5.5.4", "550 5.7.1"],
  );

  assert.deepEqual(
    await onRelay(
      "127.0.113.50",
      "<x y@[127.0.0.1]>", // grammar of RCPT, before the literal of ours
      "<x%y@[127.0.0.1]>", // the literal of ours, before the forms
      "<x%y@old.example>", // the forms, before the route: also where it is rerouted
      "<nobody%y@example.com>", // … and before the mailbox is found missing
      "<x%y@branch.example>", // … and before the gateway is asked, which here would be 451
      "<x@branch.example>",
      "<x%y@victim.test>", // nothing of ours: the six lines alone
    ),
    ["501 5.1.3", "550 5.1.1", "550 5.1.3", "550 5.1.3", "550 5.1.3", "451 4.4.3", "550 5.7.1"],
  );
  // The forms, before never; the route, before never; never, before always-relay and the grant.
  assert.deepEqual(
    await onRelay("127.0.2.66", "<u%v@backup.example>", "<info@example.com>", "<u@backup.example>", "<u@victim.test>"),
    ["550 5.1.3", "250 2.1.5", "550 5.7.1", "550 5.7.1"],
  );
  assert.deepEqual(
    scene
      .eventsCalled("recipient-refused")
      .slice(-3)
      .map(({ rule }) => rule),
    ["malformed", "never", "never"],
  );
});

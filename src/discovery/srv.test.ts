import assert from "node:assert/strict";
import { test } from "node:test";
import { servicesOf } from "./service.ts";
import { srvRecords } from "./srv.ts";

test("each service has its record, and one that is not offered is said to be absent", () => {
  const services = servicesOf("mail.example.test", [
    { kind: "submission", port: 465, tls: "implicit" },
    { kind: "submission", port: 587, tls: "starttls" },
    { kind: "imap", port: 993, tls: "implicit" },
    { kind: "relay", port: 25, tls: "starttls" },
  ]);
  assert.deepEqual(srvRecords("example.test", services), [
    "_imaps._tcp.example.test. SRV 0 1 993 mail.example.test.",
    "_imap._tcp.example.test. SRV 0 0 0 .",
    "_pop3s._tcp.example.test. SRV 0 0 0 .",
    "_pop3._tcp.example.test. SRV 0 0 0 .",
    "_submissions._tcp.example.test. SRV 0 1 465 mail.example.test.",
    "_submission._tcp.example.test. SRV 5 1 587 mail.example.test.",
  ]);
});

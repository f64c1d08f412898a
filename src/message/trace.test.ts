import assert from "node:assert/strict";
import { test } from "node:test";
import { parseIp } from "../address/ip.ts";
import { formatReceived, type Reception, returnPathField } from "./trace.ts";

const usual: Reception = {
  hello: { verb: "EHLO", name: "client.example.org" },
  client: parseIp("203.0.113.50") ?? assert.fail(),
  by: "mx.example.test",
  id: "4000001",
  tls: null,
  isAuthenticated: false,
  login: null,
  smtpUtf8: false,
  for: null,
  at: Date.UTC(2026, 10, 25, 8),
};
const tls = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };

test("RFC 5321 §4.4: who, by whom, how, when; folded", () => {
  assert.equal(
    formatReceived({ ...usual, for: "info@example.com" }),
    "Received: from client.example.org ([203.0.113.50])\r\n\tby mx.example.test with ESMTP id 4000001\r\n\tfor <info@example.com>;\r\n\tWed, 25 Nov 2026 08:00:00 +0000\r\n",
  );
  const secure = formatReceived({ ...usual, tls, client: parseIp("2001:db8::9") ?? assert.fail() });
  assert.match(
    secure,
    /^Received: from client\.example\.org \(\[IPv6:2001:db8::9\]\) \(TLSv1\.3 TLS_AES_256_GCM_SHA384\)\r\n/,
  );
});

test("the keyword of RFC 3848 and RFC 6531 §4.3", () => {
  const keywords: readonly (readonly [keyword: string, Partial<Reception>])[] = [
    ["SMTP", { hello: { verb: "HELO", name: "x" } }],
    ["ESMTP", {}],
    ["ESMTPS", { tls }],
    ["ESMTPA", { isAuthenticated: true }],
    ["ESMTPSA", { isAuthenticated: true, tls }],
    ["UTF8SMTP", { smtpUtf8: true }],
    ["UTF8SMTPSA", { smtpUtf8: true, isAuthenticated: true, tls }],
  ];
  for (const [keyword, changes] of keywords) {
    assert.equal(/ with (\S+) id /.exec(formatReceived({ ...usual, ...changes }))?.[1], keyword);
  }
});

test("O-16: a name that is no host name or literal does not get into the field", () => {
  const names: readonly (readonly [name: string, shown: string])[] = [
    ["my_laptop.local", "my_laptop.local"],
    ["office-.example.com", "office-.example.com"],
    ["X9qLp", "X9qLp"],
    ["[IPV6:2001:db8::25]", "[IPV6:2001:db8::25]"],
    ["[IPv6:::ffff:192.0.2.4]", "[IPv6:::ffff:192.0.2.4]"],
    ["[2001:db8::77]", "[2001:db8::77]"],
    ["B\u00fcro", "unknown"],
    ["a\r\nSubject: x", "unknown"],
    ["\u001b[2J", "unknown"],
    ["x (by me)", "unknown"],
    ["", "unknown"],
  ];
  for (const [name, shown] of names) {
    const field = formatReceived({ ...usual, hello: { verb: "EHLO", name } });
    assert.equal(/^Received: from (.*) \(\[203\.0\.113\.50\]\)\r\n/.exec(field)?.[1], shown);
  }
});

test("O-07: a login is a comment whatever its name is made of", () => {
  const field = formatReceived({ ...usual, login: '"a(b\\)\r\n"@j\u00f6rg.test' });
  assert.match(field, / \(login "a\?b\?\?\?\?"@j\?rg\.test\)\r\n\tby /);
});

test("Return-Path", () => {
  assert.equal(returnPathField(null), "Return-Path: <>\r\n");
  assert.equal(returnPathField({ localPart: "a b", domain: "c.test" }), 'Return-Path: <"a b"@c.test>\r\n');
});

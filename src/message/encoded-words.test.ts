import assert from "node:assert/strict";
import { it } from "node:test";
import { decodeCharset } from "./charset.ts";
import { decodeWords } from "./encoded-words.ts";
import { fold } from "./fold.ts";

const latin1 = (text: string) => Buffer.from(text).toString("latin1");

it("decodes encoded words (RFC 2047 §8 and what is seen)", () => {
  const table: [string, string][] = [
    ["plain", "plain"],
    ["=?ISO-8859-1?Q?Stra=DFe?=", "Straße"],
    ["=?utf-8?B?U3RyYcOfZQ==?=", "Straße"],
    ["=?utf-8?b?U3RyYcOfZQ?=", "Straße"],
    ["(=?ISO-8859-1?Q?a?= b)", "(a b)"],
    ["=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"],
    ["=?ISO-8859-1?Q?a_b?=", "a b"],
    ["=?ISO-8859-1?Q?a?= x =?UTF-8?Q?b?=", "a x b"],
    ["=?utf-8?Q?=C3?= =?utf-8?Q?=BC?=", "ü"],
    ["=?utf-8?Q?a?= =?iso-8859-1?Q?=FC?=", "aü"],
    ["=?utf-8*de?Q?f=C3=BCr?=", "für"],
    ["=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"],
    ["=?klingon?Q?=FC?=", "ü"],
    ["=?utf-8?Q?a b?=", "a b"],
    ["=?utf-8?X?abc?=", "=?utf-8?X?abc?="],
    ["=?utf-8?Q?abc", "=?utf-8?Q?abc"],
    ["=??Q?abc?=", "=??Q?abc?="],
    [latin1("für"), "für"],
    ["f\xfcr", "für"],
    ["", ""],
  ];
  for (const [value, text] of table) assert.equal(decodeWords(value), text, value);
});

it("decodes by charset, and reads what is mislabelled as far as it can", () => {
  const table: [number[], string | null, string][] = [
    [[0x80], "cp1252", "€"],
    [[0xc3, 0xbc], "UTF8", "ü"],
    [[0xfc], "us-ascii", "ü"],
    [[0xc3, 0xbc], null, "ü"],
    [[0xc3, 0xbc], "x-unknown", "ü"],
    [[0xfc], "utf-8", "\ufffd"],
    [[0x93, 0xfa], "shift_jis", "日"],
    [[0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42], "ISO-2022-JP", "日"],
    [[0x61], " ISO-8859-1 ", "a"],
  ];
  for (const [octets, charset, text] of table) assert.equal(decodeCharset(Buffer.from(octets), charset), text);
});

it("folds what a search does not tell apart", () => {
  const same: [string, string][] = [
    ["STRASSE", "straße"],
    ["ÜBER", "u\u0308ber"],
    ["ΟΔΟΣ", "οδος"],
    ["ﬁle", "FILE"],
    ["ｈｅｌｌｏ", "hello"],
    ["Ǆ", "ǆ"],
  ];
  for (const [a, b] of same) assert.equal(fold(a), fold(b));
  assert.notEqual(fold("über"), fold("uber"));
  assert.equal(fold(fold("ẞİŉ")), fold("ẞİŉ"));
});

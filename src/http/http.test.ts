import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "node:https";
import { after, before, describe, it } from "node:test";
import { FakeClock } from "../../testing/fake-clock.ts";
import type { Ip } from "../address/address.ts";
import { servicesOf } from "../discovery/service.ts";
import { type Certificates, openCertificates } from "../tls/certificates.ts";
import { openHttp } from "./http.ts";

const loopback: Ip = { family: 4, value: 0x7f000001 };
const services = servicesOf("mail.example.test", [
  { kind: "relay", port: 25, tls: "starttls" },
  { kind: "submission", port: 587, tls: "starttls" },
  { kind: "submission", port: 465, tls: "implicit" },
  { kind: "imap", port: 993, tls: "implicit" },
  { kind: "imap", port: 143, tls: "none" },
  { kind: "pop3", port: 995, tls: "implicit" },
]);

describe("mail programs find their settings", () => {
  let folder: string;
  let certificates: Certificates;
  let plain: Awaited<ReturnType<typeof openHttp>>;
  let base: string;

  const open = (tls: "none" | "implicit") =>
    openHttp({
      http: { address: loopback, port: 0, tls },
      services,
      isOurs: (domain) => domain === "example.test",
      certificates,
      emit: (event) => assert.fail(JSON.stringify(event)),
    });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatepost-http-"));
    const clock = new FakeClock();
    certificates = await openCertificates({
      files: null,
      folder,
      hostname: "mail.example.test",
      clock,
      emit: () => {},
    });
    plain = await open("none");
    base = `http://127.0.0.1:${plain.port}`;
  });
  after(async () => {
    await plain.close();
    certificates.close();
    await rm(folder, { recursive: true });
  });

  const get = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(base + path, { headers });
    return { status: response.status, type: response.headers.get("content-type"), text: await response.text() };
  };
  const discover = async (body: string) => {
    const headers = { "content-type": "text/xml" };
    return (await fetch(`${base}/autodiscover/autodiscover.xml`, { method: "POST", body, headers })).text();
  };

  it("Mozilla's autoconfig has every way in, TLS first, and no listener without TLS", async () => {
    const { status, type, text } = await get("/mail/config-v1.1.xml?emailaddress=alice%40example.test");
    assert.equal(status, 200);
    assert.match(type ?? "", /^application\/xml/);
    const servers = [
      ...text.matchAll(/<(?:incoming|outgoing)Server type="(\w+)">[^]*?<port>(\d+)[^]*?<socketType>(\w+)/g),
    ];
    assert.deepEqual(
      servers.map(([, kind, port, socket]) => `${kind} ${port} ${socket}`),
      ["imap 993 SSL", "pop3 995 SSL", "smtp 465 SSL", "smtp 587 STARTTLS"],
    );
    assert.match(text, /<domain>example.test<\/domain>/);
  });

  it("the well-known place gives the same", async () => {
    const { text } = await get("/.well-known/autoconfig/mail/config-v1.1.xml?emailaddress=x@example.test");
    assert.match(text, /<emailProvider id="example.test">/);
  });

  for (const [title, path] of [
    ["another domain", "/mail/config-v1.1.xml?emailaddress=a@other.test"],
    ["no address, at the name of this machine", "/mail/config-v1.1.xml"],
    ["an address twice", "/mail/config-v1.1.xml?emailaddress=a@example.test&emailaddress=b@example.test"],
    ["a profile for another domain", "/mail.mobileconfig?email=a@other.test"],
    ["a profile for nobody", "/mail.mobileconfig"],
    ["a path of nobody", "/../../etc/passwd"],
  ] as const) {
    it(`${title}: 404`, async () => assert.equal((await get(path)).status, 404));
  }

  it("Outlook gets one IMAP, POP3 and SMTP each, and its own address back as the login", async () => {
    const text = await discover(
      `<?xml version="1.0"?><Autodiscover><Request><EMailAddress>o'neil@example.test</EMailAddress></Request></Autodiscover>`,
    );
    const protocols = [...text.matchAll(/<Type>(\w+)<\/Type>[^]*?<Port>(\d+)[^]*?<Encryption>(\w+)/g)];
    assert.deepEqual(
      protocols.map(([, type, port, encryption]) => `${type} ${port} ${encryption}`),
      ["IMAP 993 SSL", "POP3 995 SSL", "SMTP 465 SSL"],
    );
    assert.match(text, /<LoginName>o&apos;neil@example.test<\/LoginName>/);
  });

  for (const [title, body, code] of [
    ["no request at all", "<x/>", 600],
    ["a domain that is not here", "<EMailAddress>a@other.test</EMailAddress>", 500],
    [
      "a telephone that wants ActiveSync",
      "<EMailAddress>a@example.test</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006</AcceptableResponseSchema>",
      601,
    ],
    ["an entity that would grow", `<!DOCTYPE a [<!ENTITY e "x">]><EMailAddress>&e;</EMailAddress>`, 500],
  ] as const) {
    it(`Outlook with ${title}: error ${code}`, async () =>
      assert.match(await discover(body), new RegExp(`<ErrorCode>${code}</ErrorCode>`)));
  }

  it("markup in an address stays text", async () => {
    const text = await discover(`<EMailAddress>"&lt;script&gt;"@example.test</EMailAddress>`);
    assert.doesNotMatch(text, /<script>/);
    assert.match(text, /&lt;script&gt;/);
  });

  it("Apple's profile has both directions, no password, and the same identifiers each time", async () => {
    const { type, text } = await get("/mail.mobileconfig?email=alice@example.test");
    assert.match(type ?? "", /^application\/x-apple-aspen-config/);
    assert.match(text, /<key>IncomingMailServerPortNumber<\/key><integer>993<\/integer>/);
    assert.match(text, /<key>OutgoingMailServerPortNumber<\/key><integer>465<\/integer>/);
    assert.doesNotMatch(text, /<key>\w*Password<\/key><string>/);
    assert.equal((await get("/mail.mobileconfig?email=alice@example.test")).text, text);
  });

  it("a body beyond its bound is refused, and the next request answered", async () => {
    const headers = { "content-type": "text/xml" };
    const url = `${base}/autodiscover/autodiscover.xml`;
    const large = await fetch(url, { method: "POST", body: "x".repeat(100_000), headers });
    assert.equal(large.status, 413);
    assert.equal((await get("/nothing")).status, 404);
  });

  it("nonsense instead of HTTP is answered or cut, and harms nobody", async () => {
    const socket = connect(plain.port, "127.0.0.1");
    socket.on("error", () => {});
    socket.resume();
    socket.end("\u0016\u0003\u0001 nonsense\r\n\r\n");
    await once(socket, "close");
    assert.equal((await get("/nothing")).status, 404);
  });

  it("inside TLS with the certificate of mail", async () => {
    const secure = await open("implicit");
    const options = { port: secure.port, host: "127.0.0.1", ca: certificates.pem(), servername: "mail.example.test" };
    const asked = request({ ...options, path: "/mail/config-v1.1.xml?emailaddress=a@example.test", agent: false });
    asked.end();
    const [response] = (await once(asked, "response")) as [{ statusCode: number; resume(): void }];
    response.resume();
    assert.equal(response.statusCode, 200);
    await secure.close();
  });
});

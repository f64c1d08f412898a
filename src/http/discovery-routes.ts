import type { FastifyInstance, FastifyReply } from "fastify";
import { parseAddress } from "../address/path.ts";
import { autoconfig } from "../discovery/autoconfig.ts";
import { autodiscover, parseAutodiscover, refusal } from "../discovery/autodiscover.ts";
import { mobileconfig } from "../discovery/mobileconfig.ts";
import type { MailService } from "../discovery/service.ts";

export type DiscoveryContext = {
  readonly services: readonly MailService[];
  /** Whether mailboxes of a domain (lower-case A-labels) are here; nothing is said about single addresses. */
  readonly isOurs: (domain: string) => boolean;
};

const xml = "application/xml; charset=utf-8";

/** By which mail programs set themselves up. Everything here is public, and the same for each address of a domain. */
export function addDiscoveryRoutes(server: FastifyInstance, { services, isOurs }: DiscoveryContext): void {
  // Outlook posts text/xml; the body is read as text whatever it says.
  server.addContentTypeParser("*", { parseAs: "string" }, (_request, body, done) => done(null, body));

  /** The domain of an address, or of the name the request came to; null: none of ours. */
  const ours = (address: unknown, host: string): string | null => {
    const parsed = typeof address === "string" ? parseAddress(address, { kind: "forward", allowsUtf8: true }) : null;
    const domain =
      parsed === null || "refused" in parsed
        ? host
            .toLowerCase()
            .replace(/^(?:autoconfig|autodiscover)\./, "")
            .replace(/:\d+$/, "")
        : parsed.domain;
    return isOurs(domain) ? domain : null;
  };

  for (const url of ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"]) {
    server.get<{ Querystring: { emailaddress?: unknown } }>(url, (request, reply) => {
      const domain = ours(request.query.emailaddress, request.host);
      if (domain === null) return notOurs(reply);
      return reply.type(xml).send(autoconfig(domain, services));
    });
  }

  for (const url of [
    "/autodiscover/autodiscover.xml",
    "/Autodiscover/Autodiscover.xml",
    "/AutoDiscover/AutoDiscover.xml",
  ]) {
    server.post(url, (request, reply) => {
      const asked = parseAutodiscover(typeof request.body === "string" ? request.body : "");
      if (asked === null) return reply.type(xml).send(refusal(600, "Invalid Request"));
      if (ours(asked.address, "") === null)
        return reply.type(xml).send(refusal(500, "The email address can't be found."));
      return reply.type(xml).send(autodiscover(asked, services));
    });
  }

  // Newer Outlooks ask first where the other one is.
  server.get<{ Querystring: { Protocol?: unknown } }>("/autodiscover/autodiscover.json", (request, reply) => {
    const { Protocol: protocol } = request.query;
    if (protocol !== "AutodiscoverV1") return reply.code(404).send({ ErrorCode: "ProtocolNotSupported" });
    const url = `${request.protocol}://${request.host}/autodiscover/autodiscover.xml`;
    return reply.send({ Protocol: "AutodiscoverV1", Url: url });
  });

  server.get<{ Querystring: { email?: unknown } }>("/mail.mobileconfig", (request, reply) => {
    const { email } = request.query;
    if (typeof email !== "string" || ours(email, "") === null) return notOurs(reply);
    const profile = mobileconfig(email, services);
    if (profile === null) return reply.code(404).type("text/plain").send("There is no service to read mail here.\n");
    return reply
      .type("application/x-apple-aspen-config; charset=utf-8")
      .header("content-disposition", 'attachment; filename="mail.mobileconfig"')
      .send(profile);
  });
}

function notOurs(reply: FastifyReply): FastifyReply {
  return reply.code(404).type("text/plain; charset=utf-8").send("The domain of this address is not kept here.\n");
}

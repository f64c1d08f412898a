import type { Ip } from "../address/address.ts";
import { setOfRange, unionOf } from "../address/ip-set.ts";
import type { Clock } from "../time/clock.ts";
import { readHostsFile } from "./hosts-file.ts";
import { liveFile } from "./live-file.ts";
import { type NameServer, parseNameServer, readResolvConf } from "./name-server.ts";
import { loopbackSet, StubResolver } from "./stub-resolver.ts";

export type SystemOptions = {
  /** As the boot file names them; none: those of /etc/resolv.conf. */
  readonly servers: readonly string[];
  /** Whose word on DNSSEC is believed; absent: that of servers on this machine. */
  readonly trusted?: readonly Ip[] | undefined;
  readonly timeoutMs: number;
  readonly clock: Clock;
};

/** resolv.conf(5): without a name server in it, the one on this machine. */
const local: readonly NameServer[] = ["127.0.0.1"].flatMap((text) => parseNameServer(text) ?? []);

/** A resolver for this machine: its name servers and its hosts file, both read again when they change. */
export function systemResolver({ servers, trusted, timeoutMs, clock }: SystemOptions): StubResolver {
  const named = servers.flatMap((text) => parseNameServer(text) ?? []);
  const ofSystem = liveFile("/etc/resolv.conf", { clock, read: readResolvConf });
  return new StubResolver({
    servers() {
      if (named.length > 0) return named;
      const found = ofSystem();
      return found.length > 0 ? found : local;
    },
    trusted: trusted === undefined ? loopbackSet : unionOf(trusted.map((ip) => setOfRange(ip, ip))),
    timeoutMs,
    hosts: liveFile("/etc/hosts", { clock, read: readHostsFile }),
    clock,
  });
}

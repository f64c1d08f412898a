import { randomInt } from "node:crypto";
import { askByTcp } from "./by-tcp.ts";
import { askByUdp, type Asking, type Heard } from "./by-udp.ts";
import { formatNameServer, type NameServer } from "./name-server.ts";
import { formatQuestion, type Question, type RecordOf, type RecordType } from "./question.ts";
import { readReply, type Said } from "./reply.ts";

export type Outcome<T> = Exclude<Said<T>, { again: unknown }>;

/** Servers that know no EDNS are few and do not come and go: no need to forget them. */
const mostRemembered = 100;

/** One question to one server: by UDP, by TCP where that is too small, without EDNS where that is not known. */
export class Dialogue {
  readonly #withoutEdns = new Set<string>();

  async ask<K extends RecordType>(
    server: NameServer,
    question: Question<K>,
    asking: Asking,
  ): Promise<Outcome<RecordOf[K]>> {
    const key = formatNameServer(server);
    let edns = !this.#withoutEdns.has(key);
    let by = askByUdp;
    // Each step is taken once at most: first, without EDNS, by TCP.
    for (let step = 0; step < 3; step++) {
      const query = formatQuestion(question, { id: randomInt(0x1_0000), edns });
      const heard: Heard = await by(server, query, asking);
      if (heard === "besieged") {
        by = askByTcp;
        continue;
      }
      if (typeof heard === "string") return { failed: heard };
      const said = readReply(heard, question);
      if (!("again" in said)) return said;
      if (said.again === "by-tcp" && by === askByUdp) by = askByTcp;
      else if (said.again === "without-edns" && edns) {
        edns = false;
        if (this.#withoutEdns.size < mostRemembered) this.#withoutEdns.add(key);
      } else break;
    }
    return { failed: "malformed" };
  }
}

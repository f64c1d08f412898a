import assert from "node:assert/strict";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import type { Account } from "../src/accounts/account.ts";
import { createAdministration } from "../src/accounts/administer.ts";
import {
  openAuthenticator,
  type Exchange,
  type ExchangeStep,
  type LoginContext,
} from "../src/accounts/authenticator.ts";
import { loadDirectory } from "../src/accounts/directory.ts";
import { createHashBench } from "../src/accounts/hash-bench.ts";
import type { Hasher } from "../src/accounts/hasher.ts";
import type { Event } from "../src/events/catalogue.ts";
import { clientKeyOf, clientProof } from "../src/sasl/scram-keys.ts";
import { FakeClock } from "./fake-clock.ts";
import { openMemoryStore } from "./memory-store.ts";

/** One round where the real functions take many. */
function digest(text: string, salt: Buffer): Buffer {
  return pbkdf2Sync(text, salt, 1, 32, "sha256");
}

/** Counts the slow work instead of timing it, and does less of it. */
function countingHasher(): Hasher & { readonly done: string[] } {
  const done: string[] = [];
  return {
    done,
    argon2id: async (password, salt, { memoryKib, passes, lanes }) => {
      done.push(`argon2id m=${memoryKib} t=${passes} p=${lanes} salt of ${salt.length}`);
      return digest(password, salt);
    },
    pbkdf2: async (password, salt, rounds) => {
      done.push(`pbkdf2 ${rounds} salt of ${salt.length}`);
      return digest(password, salt);
    },
    random: randomBytes,
  };
}

export const overTls: LoginContext = {
  client: { family: 4, value: 0x01020304 },
  listener: "submission",
  purpose: "send",
  tls: { exporter: () => null },
};
export const bound: LoginContext = { ...overTls, tls: { exporter: () => Buffer.alloc(32, 7) } };
export const forReading: LoginContext = { ...overTls, listener: "imap", purpose: "read" };
export const inClear: LoginContext = { ...overTls, tls: null };
export const elsewhere: LoginContext = { ...overTls, client: { family: 4, value: 0x09020304 } };

export async function setLoginScene({ isThrottled = false, waiting = 100 } = {}) {
  const store = await openMemoryStore();
  const clock = new FakeClock();
  const hasher = countingHasher();
  const events: Event[] = [];
  const directory = await loadDirectory({ store, domains: { kindOf: () => "here" } });
  const administration = createAdministration({ store, directory, clock, hasher });
  const make = async (address: string, password?: string, allowsScram = false): Promise<Account> => {
    const made = await administration.create({
      address,
      ...(password === undefined ? {} : { password: { password, allowsScram } }),
    });
    assert.ok(!("refused" in made), JSON.stringify(made));
    return made;
  };
  const open = () =>
    openAuthenticator({
      store,
      directory,
      clock,
      hasher,
      isThrottled,
      bench: createHashBench({ atOnce: 2, waiting }),
      emit: (event) => void events.push(event),
      mayUseClear: (listener) => listener === "loopback",
    });
  const authenticator = await open();
  const begin = (mechanism: string, context = overTls): Exchange => {
    const exchange = authenticator.begin(mechanism, context);
    assert.ok(exchange, `${mechanism} is not offered`);
    return exchange;
  };
  const plain = async (login: string, password: string, context = overTls) =>
    outcome(await begin("PLAIN", context).respond(Buffer.from(`\0${login}\0${password}`)));
  return { store, clock, hasher, events, directory, administration, make, open, authenticator, begin, plain };
}

export function outcome(step: ExchangeStep): string {
  switch (step.do) {
    case "challenge":
      return `challenge ${step.data.toString()}`;
    case "accept":
      return `accept ${step.account.name}@${step.account.domain}`;
    case "refuse":
      return step.reason;
    default:
      return step satisfies never;
  }
}

/** A SCRAM client as far as these tests need it; what the server said, step by step. */
export async function scram(
  exchange: Exchange,
  {
    login,
    password,
    binding = null,
    authorizationId = "",
  }: { login: string; password: string; binding?: Buffer | null; authorizationId?: string },
) {
  const gs2 = `${binding ? "p=tls-exporter" : "n"},${authorizationId && `a=${authorizationId}`},`;
  const bare = `n=${login},r=fyko`;
  const first = await exchange.respond(Buffer.from(gs2 + bare));
  if (first.do !== "challenge") return [outcome(first)];
  const serverFirst = first.data.toString();
  const [, nonce = "", salt = "", rounds = ""] = /^r=(.*),s=(.*),i=(.*)$/.exec(serverFirst) ?? [];
  const input = Buffer.concat([Buffer.from(gs2), binding ?? Buffer.alloc(0)]);
  const withoutProof = `c=${input.toString("base64")},r=${nonce}`;
  const key = clientKeyOf(digest(password, Buffer.from(salt, "base64")));
  const proof = clientProof(key, `${bare},${serverFirst},${withoutProof}`).toString("base64");
  const final = await exchange.respond(Buffer.from(`${withoutProof},p=${proof}`));
  const said = [`s=${salt},i=${rounds}`, final.do === "challenge" ? final.data.toString().slice(0, 2) : outcome(final)];
  return final.do === "challenge" ? [...said, outcome(await exchange.respond(Buffer.alloc(0)))] : said;
}

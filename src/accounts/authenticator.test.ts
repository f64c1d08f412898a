import assert from "node:assert/strict";
import { pbkdf2Sync, randomBytes } from "node:crypto";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FakeClock } from "../../testing/fake-clock.ts";
import { openMemoryStore } from "../../testing/memory-store.ts";
import { clientKeyOf, clientProof } from "../sasl/scram-keys.ts";
import type { Event } from "../events/catalogue.ts";
import type { Account } from "./account.ts";
import { createAdministration } from "./administer.ts";
import { openAuthenticator, type Exchange, type ExchangeStep, type LoginContext } from "./authenticator.ts";
import { loadDirectory } from "./directory.ts";
import { createHashBench } from "./hash-bench.ts";
import type { Hasher } from "./hasher.ts";

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

const overTls: LoginContext = {
  client: { family: 4, value: 0x01020304 },
  listener: "submission",
  tls: { exporter: () => null },
};
const bound: LoginContext = { ...overTls, tls: { exporter: () => Buffer.alloc(32, 7) } };
const inClear: LoginContext = { ...overTls, tls: null };
const elsewhere: LoginContext = { ...overTls, client: { family: 4, value: 0x09020304 } };

async function setUp({ isThrottled = false, waiting = 100 } = {}) {
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

function outcome(step: ExchangeStep): string {
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
async function scram(
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

describe("PLAIN and LOGIN", () => {
  test("the right password, in each way to write the login", async () => {
    const { make, plain } = await setUp();
    await make("anna@example.com", "pa55");
    for (const login of ["anna", "anna@example.com", "EXAMPLE\\anna"]) {
      assert.equal(await plain(login, "pa55"), "accept anna@example.com");
      assert.equal(await plain(login, "pa56"), "credentials");
    }
  });

  test("O-14: PLAIN without initial response gets an empty challenge; LOGIN gets its two prompts", async () => {
    const { make, begin } = await setUp();
    await make("anna@example.com", "pa55");
    const plain = begin("PLAIN");
    assert.equal(outcome(await plain.respond(null)), "challenge ");
    assert.equal(outcome(await plain.respond(Buffer.from("\0anna\0pa55"))), "accept anna@example.com");
    const login = begin("login");
    const said = [
      await login.respond(null),
      await login.respond(Buffer.from("anna")),
      await login.respond(Buffer.from("pa55")),
    ];
    assert.deepEqual(said.map(outcome), ["challenge Username:", "challenge Password:", "accept anna@example.com"]);
  });

  test("O-13: the name may come with AUTH LOGIN", async () => {
    const { make, begin } = await setUp();
    await make("scan@example.com", "pa55");
    const login = begin("LOGIN");
    assert.equal(outcome(await login.respond(Buffer.from("scan@example.com"))), "challenge Password:");
    assert.equal(outcome(await login.respond(Buffer.from("pa55"))), "accept scan@example.com");
  });

  test("O-08: empty, anonymous and guest credentials are nobody's, also where such an account was slipped into the store", async () => {
    const { store, directory, begin, plain, make } = await setUp();
    await make("anna@example.com", "pa55");
    await make("carol@example.com", "pa55");
    await store.commit([{ sql: "UPDATE account SET name = 'guest' WHERE name = 'carol'", parameters: [] }]);
    await directory.reload();
    assert.equal(outcome(await begin("PLAIN").respond(Buffer.from("AAA=", "base64"))), "malformed");
    assert.equal(outcome(await begin("PLAIN").respond(Buffer.from("\0anna\0"))), "malformed");
    for (const name of ["guest", "guest@example.com", "anonymous"])
      assert.equal(await plain(name, "pa55"), "credentials");
    const empty = begin("LOGIN");
    const said = [
      await empty.respond(null),
      await empty.respond(Buffer.alloc(0)),
      await empty.respond(Buffer.alloc(0)),
    ];
    assert.deepEqual(said.map(outcome), ["challenge Username:", "challenge Password:", "credentials"]);
  });

  test("O-08: an account without a password, and a disabled one, never pass", async () => {
    const { make, plain, administration } = await setUp();
    await make("robot@example.com");
    const anna = await make("anna@example.com", "pa55");
    assert.equal(await plain("robot", "pa55"), "credentials");
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    await administration.change(anna, { isEnabled: false });
    assert.equal(await plain("anna", "pa55"), "disabled");
    assert.equal(await plain("anna", "wrong"), "credentials", "who does not know the password learns nothing");
    await administration.change(anna, { isEnabled: true });
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
  });

  test("what is accepted is the account as it is now", async () => {
    const { make, begin, administration } = await setUp();
    const anna = await make("anna@example.com", "pa55");
    await administration.change(anna, { mayRelay: false });
    const step = await begin("PLAIN").respond(Buffer.from("\0anna\0pa55"));
    assert.ok(step.do === "accept" && !step.account.mayRelay);
  });

  test("an authorization identity is oneself or nobody", async () => {
    const { make, begin } = await setUp();
    await make("anna@example.com", "pa55");
    await make("boss@example.com", "top");
    const as = async (identity: string) =>
      outcome(await begin("PLAIN").respond(Buffer.from(`${identity}\0anna\0pa55`)));
    assert.equal(await as("anna@example.com"), "accept anna@example.com");
    assert.equal(await as("boss"), "credentials");
    assert.equal(await as("nobody"), "credentials");
  });

  test("passwords are compared prepared: composed or not is the same", async () => {
    const { make, plain } = await setUp();
    await make("anna@example.com", "Mu\u0308ller");
    assert.equal(await plain("anna", "M\u00fcller"), "accept anna@example.com");
  });
});

describe("the work of a login", () => {
  test("is the same for who exists, who has no password and who does not exist", async () => {
    const { make, plain, hasher, store, administration } = await setUp();
    await make("anna@example.com", "pa55");
    await make("robot@example.com");
    const phone = await make("phone@example.com");
    await administration.addAppPassword(phone, { label: "phone", expiresAt: null });
    const reads: string[] = [];
    const read = store.read.bind(store);
    store.read = (statement) => {
      reads.push(statement.sql);
      return read(statement);
    };
    const work = async (login: string, password: string) => {
      hasher.done.length = 0;
      reads.length = 0;
      assert.equal(await plain(login, password), "credentials");
      return { hashes: [...hasher.done], reads: [...reads] };
    };
    for (const password of ["wrong", "k3fm-07qa-1yzx-bcde-fgh0-2345-6789"]) {
      const known = await work("anna", password);
      assert.equal(known.hashes.length, 1);
      assert.equal(known.reads.length, 1);
      for (const login of ["robot", "phone", "ghost", "ghost@elsewhere.test", "a b c", "guest"]) {
        assert.deepEqual(await work(login, password), known, `${login} ${password}`);
      }
    }
  });

  test("a warm login is checked without the slow hash, for ten minutes and for the right password only", async () => {
    const { make, plain, hasher, clock } = await setUp();
    await make("anna@example.com", "pa55");
    const hashes = async (password: string) => {
      hasher.done.length = 0;
      await plain("anna", password);
      return hasher.done.length;
    };
    assert.deepEqual(
      [await hashes("pa55"), await hashes("pa55"), await hashes("pa56"), await hashes("pa55")],
      [1, 0, 1, 0],
    );
    clock.advance(10 * 60_000);
    assert.equal(await hashes("pa55"), 1);
  });

  test("a new password ends warm logins by the old one at once", async () => {
    const { make, plain, administration } = await setUp();
    const anna = await make("anna@example.com", "pa55");
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    await administration.setPassword(anna, { password: "new one" });
    assert.equal(await plain("anna", "pa55"), "credentials");
    assert.equal(await plain("anna", "new one"), "accept anna@example.com");
  });

  test("a password that is changed while it is being checked does not pass", async () => {
    const { make, begin, hasher, administration } = await setUp();
    const anna = await make("anna@example.com", "pa55");
    const slow = Promise.withResolvers<void>();
    const argon2id = hasher.argon2id.bind(hasher);
    hasher.argon2id = async (...given) => {
      hasher.argon2id = argon2id;
      await slow.promise;
      return argon2id(...given);
    };
    const login = begin("PLAIN").respond(Buffer.from("\0anna\0pa55"));
    await new Promise(setImmediate);
    await administration.setPassword(anna, { password: "new one" });
    slow.resolve();
    assert.equal(outcome(await login), "credentials");
  });

  test("too many at once: busy, and nothing counts as a failure", async () => {
    const { make, begin, plain, hasher } = await setUp({ waiting: 3, isThrottled: true });
    await make("anna@example.com", "pa55");
    hasher.argon2id = () => new Promise(() => {});
    const logins = Array.from({ length: 7 }, async (_, n) => begin("PLAIN").respond(Buffer.from(`\0ghost${n}\0x`)));
    const settled = await Promise.race([
      Promise.all(logins.slice(5)),
      new Promise<null>((resolve) => setImmediate(resolve, null)),
    ]);
    assert.deepEqual(settled?.map(outcome), ["busy", "busy"]);
    for (let n = 0; n < 15; n++) assert.equal(await plain("late", "x"), "busy");
  });

  test("a store that does not answer: unavailable, an event, and no failure counted", async () => {
    const { make, begin, plain, store, events } = await setUp({ isThrottled: true });
    await make("anna@example.com", "pa55", true);
    const read = store.read.bind(store);
    store.read = () => Promise.reject(new Error("the disk is gone"));
    for (let n = 0; n < 15; n++) assert.equal(await plain("anna", "pa55"), "unavailable");
    assert.deepEqual(await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55" }), ["unavailable"]);
    assert.deepEqual(events[0], { name: "trouble", doing: "checking a login", problem: "the disk is gone" });
    store.read = read;
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
  });
});

describe("the throttle at work", () => {
  test("guesses are slowed down per account and network, the owner elsewhere is not", async () => {
    const { make, plain, clock } = await setUp({ isThrottled: true });
    await make("anna@example.com", "pa55");
    for (let n = 0; n < 10; n++) assert.equal(await plain("anna", `guess${n}`), "credentials");
    assert.equal(await plain("anna", "pa55"), "throttled", "also with the right password, or guessing would go on");
    assert.equal(await plain("EXAMPLE\\anna", "x"), "throttled", "another way to write it is no way round");
    assert.equal(await plain("anna", "pa55", elsewhere), "accept anna@example.com");
    clock.advance(1_000);
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com");
    for (let n = 0; n < 20; n++) await plain("anna", `typo${n}`);
    assert.equal(await plain("anna", "pa55"), "accept anna@example.com", "this network has succeeded before");
  });

  test("a name that nobody has is slowed down alike, and SCRAM shares the count", async () => {
    const { make, plain, begin } = await setUp({ isThrottled: true });
    await make("anna@example.com", "pa55", true);
    for (const login of ["anna", "ghost"]) {
      for (let n = 0; n < 5; n++) assert.equal(await plain(login, "x"), "credentials");
      for (let n = 0; n < 5; n++) {
        assert.equal((await scram(begin("SCRAM-SHA-256"), { login, password: "x" })).at(-1), "credentials");
      }
      assert.equal((await scram(begin("SCRAM-SHA-256"), { login, password: "pa55" })).at(-1), "throttled");
      assert.equal(await plain(login, "pa55"), "throttled");
    }
  });
});

describe("SCRAM", () => {
  test("an opted-in password passes, bound to the connection or not; our proof goes before the accept", async () => {
    const { make, begin } = await setUp();
    await make("anna@example.com", "pa55", true);
    for (const [mechanism, binding] of [
      ["SCRAM-SHA-256", null],
      ["SCRAM-SHA-256-PLUS", Buffer.alloc(32, 7)],
    ] as const) {
      const right = await scram(begin(mechanism, bound), { login: "anna", password: "pa55", binding });
      assert.deepEqual(right.slice(1), ["v=", "accept anna@example.com"]);
      const wrong = await scram(begin(mechanism, bound), { login: "anna", password: "pa56", binding });
      assert.deepEqual(wrong.slice(1), ["credentials"]);
    }
    const stolen = await scram(begin("SCRAM-SHA-256-PLUS", bound), {
      login: "anna",
      password: "pa55",
      binding: Buffer.alloc(32, 8),
    });
    assert.equal(stolen.at(-1), "credentials");
  });

  test("without initial response it begins with an empty challenge; the farewell is empty", async () => {
    const { make, begin } = await setUp();
    await make("anna@example.com", "pa55", true);
    const exchange = begin("SCRAM-SHA-256");
    assert.equal(outcome(await exchange.respond(null)), "challenge ");
    assert.deepEqual((await scram(exchange, { login: "anna", password: "pa55" })).at(-1), "accept anna@example.com");
    assert.equal(outcome(await exchange.respond(Buffer.alloc(0))), "malformed", "an exchange passes once");
    const chatty = begin("SCRAM-SHA-256");
    const withMore: Exchange = {
      respond: (response) => chatty.respond(response?.length === 0 ? Buffer.from("x") : response),
    };
    assert.equal((await scram(withMore, { login: "anna", password: "pa55" })).at(-1), "malformed");
  });

  test("an account without a verifier, or none at all, gives an exchange that looks the same and fails at the end", async () => {
    const { make, begin, open } = await setUp();
    await make("anna@example.com", "pa55", true);
    await make("bob@example.com", "pa55");
    const shown = async (login: string) => {
      const [salt, end] = await scram(begin("SCRAM-SHA-256"), { login, password: "pa55" });
      return { salt, end };
    };
    const [anna, bob, ghost] = [await shown("anna"), await shown("bob"), await shown("ghost")];
    for (const login of [bob, ghost]) {
      assert.match(login.salt ?? "", /^s=[A-Za-z0-9+/]{22}==,i=100000$/);
      assert.equal(login.end, "credentials");
    }
    assert.match(anna.salt ?? "", /^s=[A-Za-z0-9+/]{22}==,i=100000$/);
    assert.equal(new Set([anna.salt, bob.salt, ghost.salt]).size, 3);
    for (const login of ["ghost", "ghost@example.com", "EXAMPLE\\ghost"]) assert.deepEqual(await shown(login), ghost);
    const restarted = await open();
    const exchange = restarted.begin("SCRAM-SHA-256", overTls);
    assert.ok(exchange);
    assert.equal((await scram(exchange, { login: "ghost", password: "x" }))[0], ghost.salt, "the same after a restart");
  });

  test("an authorization identity is oneself or nobody", async () => {
    const { make, begin } = await setUp();
    await make("anna@example.com", "pa55", true);
    await make("boss@example.com", "top", true);
    const as = async (authorizationId: string) =>
      (await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55", authorizationId })).at(-1);
    assert.equal(await as("anna@example.com"), "accept anna@example.com");
    assert.equal(await as("boss"), "credentials");
  });

  test("a disabled account never passes, also when it is disabled between the proof and the farewell", async () => {
    const { make, begin, administration } = await setUp();
    const anna = await make("anna@example.com", "pa55", true);
    const exchange = begin("SCRAM-SHA-256");
    const late: Exchange = {
      respond: async (response) => {
        if (response?.length === 0) await administration.change(anna, { isEnabled: false });
        return exchange.respond(response);
      },
    };
    assert.equal((await scram(late, { login: "anna", password: "pa55" })).at(-1), "disabled");
    assert.equal((await scram(begin("SCRAM-SHA-256"), { login: "anna", password: "pa55" })).at(-1), "disabled");
  });
});

describe("app passwords", () => {
  test("each passes PLAIN, LOGIN and SCRAM beside the chosen one, until it is removed", async () => {
    const { make, plain, begin, administration } = await setUp();
    const anna = await make("anna@example.com", "pa55", true);
    const made = [];
    for (const label of ["phone", "scanner"])
      made.push(await administration.addAppPassword(anna, { label, expiresAt: null }));
    const tries = async (password: string) => [
      await plain("anna", password),
      (await scram(begin("SCRAM-SHA-256"), { login: "anna", password })).at(-1),
    ];
    const accepted = "accept anna@example.com";
    for (const one of made) {
      assert.ok("password" in one);
      assert.deepEqual(await tries(one.password), [accepted, accepted]);
      assert.equal(await plain("anna", one.password.toUpperCase().replaceAll("-", " ")), accepted);
    }
    assert.deepEqual(await tries("pa55"), [accepted, accepted]);
    const [phone, scanner] = made;
    assert.ok(phone && scanner && "password" in phone && "password" in scanner);
    assert.equal(await administration.removeAppPassword(anna, phone.id), null);
    assert.deepEqual(await tries(phone.password), ["credentials", "credentials"], "also not by a warm login");
    assert.deepEqual(await tries(scanner.password), [accepted, accepted]);
    await administration.setPassword(anna, { password: "other", allowsScram: true });
    assert.deepEqual(
      await tries(scanner.password),
      [accepted, accepted],
      "a new chosen password keeps the salt that it needs",
    );
    assert.deepEqual(await tries("other"), [accepted, accepted]);
  });

  test("one with an end is over then, warm or not", async () => {
    const { make, plain, administration, clock } = await setUp();
    const anna = await make("anna@example.com");
    const made = await administration.addAppPassword(anna, { label: "visit", expiresAt: clock.now() + 60_000 });
    assert.ok("password" in made);
    assert.equal(await plain("anna", made.password), "accept anna@example.com");
    clock.advance(59_999);
    assert.equal(await plain("anna", made.password), "accept anna@example.com");
    clock.advance(1);
    assert.equal(await plain("anna", made.password), "credentials");
  });

  test("the last use is noted, once an hour at most", async () => {
    const { make, plain, administration, clock } = await setUp();
    const anna = await make("anna@example.com");
    const made = await administration.addAppPassword(anna, { label: "phone", expiresAt: null });
    assert.ok("password" in made);
    const used = async () => {
      await plain("anna", made.password);
      await new Promise(setImmediate);
      return (await administration.appPasswords(anna))[0]?.lastUsedAt;
    };
    const first = clock.now();
    assert.equal(await used(), first);
    clock.advance(30 * 60_000);
    assert.equal(await used(), first);
    clock.advance(30 * 60_000);
    assert.equal(await used(), clock.now());
  });
});

describe("what is offered", () => {
  test("O-20: list and command follow one rule: nothing in clear, except where the listener says so", async () => {
    const { authenticator, make } = await setUp();
    await make("anna@example.com", "pa55", true);
    const all = ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"];
    for (const context of [inClear, overTls, bound, { ...inClear, listener: "loopback" }]) {
      const listed = authenticator.mechanisms({
        tls: context.tls !== null,
        channelBinding: context.tls?.exporter() != null,
        listener: context.listener,
      });
      assert.deepEqual(
        all.filter((mechanism) => authenticator.begin(mechanism, context) !== null),
        listed,
      );
    }
    assert.equal(authenticator.begin("PLAIN", inClear), null);
    assert.equal(authenticator.begin("CRAM-MD5", bound), null);
    assert.equal(authenticator.begin("", bound), null);
  });

  test("SCRAM appears with the first verifier", async () => {
    const { authenticator, make } = await setUp();
    const listed = () => authenticator.mechanisms({ tls: true, channelBinding: true, listener: "submission" });
    await make("anna@example.com", "pa55");
    assert.deepEqual(listed(), ["PLAIN", "LOGIN"]);
    await make("bob@example.com", "pa55", true);
    assert.deepEqual(listed(), ["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", "PLAIN", "LOGIN"]);
  });
});

test("any responses to any mechanism: a step each time, no throw, nobody let in", async () => {
  const { make, begin } = await setUp({ isThrottled: true });
  await make("anna@example.com", "pa55", true);
  const near = fc.array(
    fc.constantFrom("anna", "\0", "pa56", "n,,", "p=tls-exporter,,", "n=anna", ",", "r=x", "c=biws", "p=AAAA", "é"),
    { maxLength: 8 },
  );
  const response = fc.oneof(
    near.map((parts) => Buffer.from(parts.join(""))),
    fc.uint8Array({ maxLength: 60 }).map((octets) => Buffer.from(octets)),
    fc.constant(null),
  );
  const mechanism = fc.constantFrom("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS");
  await fc.assert(
    fc.asyncProperty(mechanism, fc.array(response, { maxLength: 4 }), async (name, responses) => {
      const exchange = begin(name, bound);
      for (const one of responses) {
        const step = await exchange.respond(one);
        assert.notEqual(step.do, "accept");
        if (step.do === "refuse") break;
      }
    }),
    { numRuns: 500 },
  );
});

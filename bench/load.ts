import type { Amount, Job, Outcome } from "./job.ts";
import { LoadClient } from "./load-client.ts";
import { Sink } from "./sink.ts";

/**
 * The load generator: a process of its own, which also is the next hop. It says where the sink listens, then does job after job
 * for the process that started it, and ends with it.
 */
const sink = await Sink.open();
process.once("disconnect", () => process.exit(0));
process.on("message", (job: Job) => void run(job).then((outcome) => process.send?.(outcome)));
process.send?.({ sinkPort: sink.port });

const hello = Buffer.from("EHLO client.bench.test\r\n");
const quit = Buffer.from("QUIT\r\n");
const mailGroup = Buffer.from("MAIL FROM:<a@bench.test>\r\nRCPT TO:<b@elsewhere.bench.test>\r\nDATA\r\n");

type Tally = { done: number; failed: number; readonly waitsMs: number[]; begun: number; ended: number };

async function run(job: Job): Promise<Outcome> {
  const cpu = process.cpuUsage();
  const tally: Tally = { done: 0, failed: 0, waitsMs: [], begun: performance.now(), ended: 0 };
  if (job.kind === "send") await send(job, tally);
  else if (job.kind === "ask") await ask(job, tally);
  else await hold(job, tally);
  const { user, system } = process.cpuUsage(cpu);
  const waits = tally.waitsMs.toSorted((a, b) => a - b);
  const at = (part: number): number => waits[Math.floor(waits.length * part)] ?? 0;
  return {
    done: tally.done,
    failed: tally.failed,
    seconds: (tally.ended - tally.begun) / 1000,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    cpuMs: (user + system) / 1000,
  };
}

/** Sessions side by side, each taking turns until the amount is used up. A turn that breaks is counted, and the session goes on. */
async function sessions(count: number, amount: Amount, { tally, turn }: { tally: Tally; turn: Turn }): Promise<void> {
  const until = tally.begun + amount.seconds * 1000;
  let given = 0;
  const mayGoOn = (): boolean => performance.now() < until && given < amount.most && ++given > 0;
  const session = async (): Promise<void> => {
    while (mayGoOn()) {
      await turn(mayGoOn).catch(() => {
        tally.failed++;
      });
    }
  };
  await Promise.all(Array.from({ length: count }, session));
  tally.ended = performance.now();
}

type Turn = (mayGoOn: () => boolean) => Promise<void>;

async function send(job: Extract<Job, { kind: "send" }>, tally: Tally): Promise<void> {
  const content = contentOf(job.octets);
  sink.begin();
  const turn: Turn = async (mayGoOn) => {
    const client = await LoadClient.open(job);
    try {
      await client.exchange(hello, 1);
      do {
        if ((await client.exchange(mailGroup, 3)) > 0) throw new Error("refused");
        const begun = performance.now();
        if ((await client.exchange(content, 1)) > 0) throw new Error("refused");
        tally.waitsMs.push(performance.now() - begun);
        tally.done++;
      } while (job.isKept && mayGoOn());
      await client.exchange(quit, 1);
    } finally {
      client.close();
    }
  };
  await sessions(job.sessions, job.amount, { tally, turn });
  if (job.toSink) tally.ended = await sink.has(tally.done);
}

async function ask(job: Extract<Job, { kind: "ask" }>, tally: Tally): Promise<void> {
  let number = 0;
  const group = (): Buffer => {
    const domain = (at: number): string => (job.isDistinct ? `d${number}-${at}.bench.test` : "elsewhere.bench.test");
    const recipients = Array.from({ length: job.recipients }, (_, at) => `RCPT TO:<b@${domain(at)}>\r\n`);
    return Buffer.from(`MAIL FROM:<a@bench.test>\r\n${recipients.join("")}QUIT\r\n`);
  };
  const always = group();
  const turn: Turn = async () => {
    number++;
    const client = await LoadClient.open(
      job.isDistinct ? { port: job.port, localAddress: addressOf(number) } : { port: job.port },
    );
    try {
      await client.exchange(hello, 1);
      const begun = performance.now();
      const refused = await client.exchange(job.isDistinct ? group() : always, job.recipients + 2);
      tally.done += refused;
      tally.waitsMs.push(performance.now() - begun);
    } finally {
      client.close();
    }
  };
  await sessions(job.sessions, job.amount, { tally, turn });
}

async function hold(job: Extract<Job, { kind: "hold" }>, tally: Tally): Promise<void> {
  const startTls = Buffer.from("STARTTLS\r\n");
  const turn: Turn = async () => {
    const client = await LoadClient.open({ port: job.port, willSecure: job.isTls });
    await client.exchange(hello, 1);
    if (job.isTls) {
      await client.exchange(startTls, 1);
      await client.secure();
      await client.exchange(hello, 1);
    }
    tally.done++;
  };
  // As many at a time as a listener's backlog holds with ease.
  await sessions(100, { seconds: 600, most: job.connections }, { tally, turn });
}

/** A message with its final dot, in lines of text. */
function contentOf(octets: number): Buffer {
  const head = "From: <a@bench.test>\r\nTo: <b@elsewhere.bench.test>\r\nSubject: bench\r\n\r\n";
  const line = `${"abcdefghi ".repeat(7)}\r\n`;
  const body = line.repeat(Math.ceil(octets / line.length)).slice(0, Math.max(0, octets - head.length - 2));
  return Buffer.from(`${head}${body.replace(/[\r\n]+$/, "")}\r\n.\r\n`);
}

/** In 127.0.0.0/8, another one for each number. */
function addressOf(number: number): string {
  return `127.${1 + ((number >> 16) & 0x7f)}.${(number >> 8) & 0xff}.${number & 0xff}`;
}

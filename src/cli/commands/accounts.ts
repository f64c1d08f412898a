import { type Command, Option } from "commander";
import { passwordFrom } from "../input.ts";
import { group, leaf, type Operate } from "./command.ts";

type AccountOptions = {
  readonly passwordStdin?: boolean;
  readonly allowScram?: boolean;
  readonly mayRelay?: string;
  readonly senders?: string;
  readonly maySendAs?: readonly string[];
  readonly plusAddressing?: string;
  readonly plusMailbox?: string;
  readonly forwardTo?: readonly string[] | true;
  readonly keepsForwarded?: string;
};

export function addAccountCommands(program: Command, operate: Operate): void {
  const account = group(program, "account", "who may log in");
  leaf(account, "list", "who is here").action((options: object) => operate("account list", {}, options));
  withSettings(
    leaf(account, "add <account>", "make an account, written as an address").option(
      "--password-stdin",
      "the password is the first line of standard input; else one is made and shown once",
    ),
  ).action(async (name: string, options: AccountOptions) =>
    operate("account add", { account: name, ...(await passwordFrom(options)), ...settingsOf(options) }, options),
  );
  leaf(account, "password <account>", "give an account another password")
    .option("--password-stdin", "the password is the first line of standard input; else one is made and shown once")
    .option("--allow-scram", "also keep a SCRAM verifier: more programs can log in, and a thief of it guesses faster")
    .action(async (name: string, options: AccountOptions) => {
      const allowScram = options.allowScram === true ? { allowScram: true } : {};
      await operate("account password", { account: name, ...(await passwordFrom(options)), ...allowScram }, options);
    });
  withSettings(leaf(account, "change <account>", "what an account may do")).action(
    (name: string, options: AccountOptions) =>
      operate("account change", { account: name, ...settingsOf(options) }, options),
  );
  leaf(
    account,
    "quota <account> [size]",
    'how much its mailboxes may hold: "2 GB", default, none; without a size: how it is',
  ).action((name: string, quota: string | undefined, options: object) =>
    operate("account quota", { account: name, ...(quota === undefined ? {} : { quota }) }, options),
  );
  for (const [verb, help] of [
    ["enable", "let an account log in again"],
    ["disable", "keep an account from logging in; its sessions end"],
    ["delete", "delete an account with its mailboxes and messages"],
  ] as const) {
    leaf(account, `${verb} <account>`, help).action((name: string, options: object) =>
      operate(`account ${verb}`, { account: name }, options),
    );
  }
  addAppPasswordCommands(program, operate);
  addAliasCommands(program, operate);
}

function withSettings(command: Command): Command {
  return command
    .addOption(yesOrNo("--may-relay <yes|no>", "whether its logins count for relaying"))
    .addOption(new Option("--senders <whose>", "which addresses it may write as").choices(["own", "any"]))
    .option("--may-send-as <address...>", "further addresses it may write as; @domain is all of a domain")
    .addOption(yesOrNo("--plus-addressing <yes|no>", "whether name+anything is its own"))
    .addOption(
      new Option(
        "--plus-mailbox <which>",
        "where that goes: INBOX, a mailbox that is there, or one that is made",
      ).choices(["none", "existing", "made"]),
    )
    .option("--forward-to [address...]", "where its mail goes on to; without an address: nowhere any more")
    .addOption(yesOrNo("--keeps-forwarded <yes|no>", "whether what is forwarded is kept here too"));
}

const yesOrNo = (flags: string, help: string) => new Option(flags, help).choices(["yes", "no"]);

/** Only what was said: the rest stays as it is. */
function settingsOf(options: AccountOptions) {
  const { mayRelay, senders, maySendAs, plusAddressing, plusMailbox, forwardTo, keepsForwarded } = options;
  return {
    ...(plusMailbox === undefined ? {} : { plusMailbox }),
    ...(forwardTo === undefined ? {} : { forwardTo: forwardTo === true ? [] : forwardTo }),
    ...(keepsForwarded === undefined ? {} : { keepsForwarded: keepsForwarded === "yes" }),
    ...(mayRelay === undefined ? {} : { mayRelay: mayRelay === "yes" }),
    ...(senders === undefined ? {} : { senders }),
    ...(maySendAs === undefined ? {} : { maySendAs }),
    ...(plusAddressing === undefined ? {} : { plusAddressing: plusAddressing === "yes" }),
  };
}

function addAppPasswordCommands(program: Command, operate: Operate): void {
  const appPassword = group(program, "app-password", "passwords of single devices and programs");
  leaf(appPassword, "list <account>", "which there are").action((account: string, options: object) =>
    operate("app-password list", { account }, options),
  );
  leaf(appPassword, "add <account> <label>", "make one; it is shown once")
    .option("--lasts <duration>", 'how long it is good for, as "90 days"; else until it is removed')
    .addOption(new Option("--scope <what...>", "what it is good for; else both").choices(["send", "read"]))
    .action(
      (account: string, label: string, options: { readonly lasts?: string; readonly scope?: readonly string[] }) =>
        operate(
          "app-password add",
          {
            account,
            label,
            ...(options.lasts === undefined ? {} : { lasts: options.lasts }),
            ...(options.scope === undefined ? {} : { scope: options.scope }),
          },
          options,
        ),
    );
  leaf(appPassword, "remove <account> <id>", "take one back").action((account: string, id: string, options: object) =>
    operate("app-password remove", { account, id }, options),
  );
}

function addAliasCommands(program: Command, operate: Operate): void {
  const alias = group(program, "alias", "addresses that lead to others");
  leaf(alias, "list", "aliases, groups and catch-alls").action((options: object) => operate("alias list", {}, options));
  leaf(alias, "add <address> <targets...>", "lead an address to others; *@domain is a catch-all")
    .option("--group", "a group: a name that people see")
    .action((address: string, targets: string[], options: { readonly group?: boolean }) =>
      operate("alias add", { address, targets, ...(options.group === true ? { group: true } : {}) }, options),
    );
  leaf(alias, "remove <address>", "remove one").action((address: string, options: object) =>
    operate("alias remove", { address }, options),
  );
}

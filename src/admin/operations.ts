import type { Operation } from "./operation.ts";
import * as accounts from "./operations/account.ts";
import * as aliases from "./operations/alias.ts";
import * as appPasswords from "./operations/app-password.ts";
import { check } from "./operations/check.ts";
import * as decisions from "./operations/decision.ts";
import * as policy from "./operations/policy.ts";
import * as queue from "./operations/queue.ts";
import * as mailboxes from "./operations/mailbox.ts";
import { configShow, status } from "./operations/status.ts";
import * as transfers from "./operations/transfer.ts";
import * as smartHosts from "./operations/smart-host.ts";

/** Everything an administrator can do: the command line is made from this list, later the HTTP API and the console. */
export const operations = [
  accounts.accountList,
  accounts.accountAdd,
  accounts.accountPassword,
  accounts.accountChange,
  accounts.accountQuota,
  accounts.accountDelete,
  accounts.accountEnable,
  accounts.accountDisable,
  appPasswords.appPasswordList,
  appPasswords.appPasswordAdd,
  appPasswords.appPasswordRemove,
  mailboxes.mailboxList,
  mailboxes.mailboxCreate,
  mailboxes.mailboxRename,
  mailboxes.mailboxDelete,
  mailboxes.mailboxUsage,
  mailboxes.mailboxReindex,
  transfers.mailboxImport,
  transfers.mailboxExport,
  aliases.aliasList,
  aliases.aliasAdd,
  aliases.aliasRemove,
  decisions.decisionExplain,
  decisions.decisionList,
  policy.policyShow,
  policy.policyApply,
  policy.policyHistoryOf,
  policy.policyUndo,
  policy.policyDiff,
  policy.policyProve,
  smartHosts.smartHostPasswordSet,
  smartHosts.smartHostForget,
  queue.queueList,
  queue.queueShow,
  queue.queueRetry,
  queue.queueDelete,
  configShow,
  status,
  check,
] as const;

export function operationCalled(name: string): Operation<never> | null {
  const found = operations.find((operation) => operation.name === name);
  return found === undefined ? null : (found as unknown as Operation<never>);
}

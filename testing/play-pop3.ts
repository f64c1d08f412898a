import { type ImapDialogue, passwordsOf } from "./imap-dialogue.ts";
import { playTurns, underEveryCut } from "./play-machine.ts";
import { Pop3Machine } from "./pop3-machine.ts";
import { type Cut, whole } from "./socket-peer.ts";

// A POP3 dialogue is written as one of IMAP is; its messages are in INBOX.

export async function playOnPop3Machine(read: ImapDialogue, cut: Cut = whole): Promise<void> {
  const { dialogue, isTls, mayUseClear, messages } = read;
  const machine = new Pop3Machine({
    passwords: passwordsOf(read),
    messages: messages.map(({ octets }) => octets),
    isTls,
    mayUseClear,
  });
  await playTurns(machine, dialogue.turns, cut);
}

export function playPop3UnderEveryCut(read: ImapDialogue): Promise<void> {
  return underEveryCut(read.dialogue.turns, (cut) => playOnPop3Machine(read, cut));
}

/** In place of `socket.ts`: there is no server, so nothing is ever sent or received. */
import type * as wire from "../protocol.gen";

export function connect(): void {}

export function send(_command: wire.Command): boolean {
  return false;
}

export function receive(_event: wire.Event): void {}

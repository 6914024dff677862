/** Where each box lies: as the person put it, else as it was placed when it first appeared. */
import type * as wire from "../protocol.gen";
import { carried, layOut, placeNew, type Spots } from "./layout";
import type { Scene } from "./scene";

const EMPTY: Spots = {};

export class Places {
  /** Of what nobody has moved. */
  private derived: Record<string, wire.Spot> = {};
  private before: wire.Document | null = null;

  /** What was put by the person wins over what was placed. */
  private known(board: Spots): Spots {
    return { ...this.derived, ...board };
  }

  /** Follows blocks whose keys have changed with a new reading of the program. */
  follow(document: wire.Document, board: Spots = EMPTY): void {
    if (document === this.before) return;
    const known = this.known(board);
    for (const [now, old] of carried(this.before, document)) {
      const spot = known[old];
      if (spot && !known[now]) this.derived[now] = spot;
    }
    this.before = document;
  }

  /** The spots of everything in the scene; what has none yet is placed without moving anything else. */
  settle(scene: Scene, board: Spots = EMPTY): Spots {
    const known = this.known(board);
    if (scene.boxes.some((box) => known[box.key])) Object.assign(this.derived, placeNew(scene, known));
    else Object.assign(this.derived, layOut(scene, scene.flow));
    return this.known(board);
  }

  /** The spots that are not in the board, so that it can have all of them. */
  missing(scene: Scene, board: Spots = EMPTY): Record<string, wire.Spot> {
    const found: Record<string, wire.Spot> = {};
    for (const { key } of scene.boxes) {
      const spot = this.derived[key];
      if (spot && !board[key]) found[key] = spot;
    }
    return found;
  }
}

/** Something that adds to a balance or, being negative, spends from it. */
export interface Movement {
  readonly amount: number;
  readonly began: number;
  /** Infinity until it is acknowledged, and for good when its outcome is unknown. */
  ended: number;
}

/** Judges credits: what can have been left at a moment. */
export class Balance {
  private readonly movements: Movement[] = [];

  constructor(private readonly initial: number) {}

  begin(amount: number, began: number): Movement {
    const movement = { amount, began, ended: Infinity };
    this.movements.push(movement);
    return movement;
  }

  undo(movement: Movement): void {
    this.movements.splice(this.movements.indexOf(movement), 1);
  }

  /** The least and the most that can have been left at some moment from `began` to `ended`, `own` left out. */
  bounds(began: number, ended: number, own?: Movement): readonly [number, number] {
    let least = this.initial;
    let most = this.initial;
    for (const movement of this.movements) {
      if (movement === own || movement.began >= ended) continue;
      const isCertain = movement.ended < began;
      if (isCertain || movement.amount < 0) least += movement.amount;
      if (isCertain || movement.amount > 0) most += movement.amount;
    }
    return [least, most];
  }
}

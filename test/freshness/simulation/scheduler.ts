interface Event {
  at: number;
  order: number;
  /** Undefined once it is called off. */
  run: (() => void) | undefined;
}

/** True time, in milliseconds, and what happens when. Events of one moment happen in the order they were planned. */
export class Scheduler {
  now = 0;
  private planned = 0;
  /** A binary heap. */
  private readonly heap: Event[] = [];

  /** Returns a function that calls it off. */
  at(time: number, run: () => void): () => void {
    this.planned += 1;
    const event: Event = { at: Math.max(time, this.now), order: this.planned, run };
    let index = this.heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, this.heap[parent]!)) break;
      this.heap[index] = this.heap[parent]!;
      index = parent;
    }
    this.heap[index] = event;
    return () => {
      event.run = undefined;
    };
  }

  after(ms: number, run: () => void): () => void {
    return this.at(this.now + ms, run);
  }

  /** Runs the next event, if it is due before `end`. */
  step(end: number): boolean {
    for (;;) {
      const first = this.heap[0];
      if (first === undefined || first.at > end) return false;
      this.removeFirst();
      if (first.run === undefined) continue;
      this.now = first.at;
      first.run();
      return true;
    }
  }

  private removeFirst(): void {
    const last = this.heap.pop()!;
    const size = this.heap.length;
    if (size === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(this.heap[child + 1]!, this.heap[child]!)) child += 1;
      if (!isBefore(this.heap[child]!, last)) break;
      this.heap[index] = this.heap[child]!;
      index = child;
    }
    this.heap[index] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

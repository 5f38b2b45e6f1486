/** Where the process stands between its start and its end; requests look at it. */
export class Lifecycle {
  /** The service is stopping and should get no more requests. */
  isEnding = false;
  /**
   * Every answer ends its connection. Not before nothing listens any more: whose connection is ended opens another,
   * which would be lost if it were not accepted in time.
   */
  isClosing = false;
}

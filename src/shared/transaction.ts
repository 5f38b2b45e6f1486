declare const transaction: unique symbol;

/**
 * An open database transaction, handed from one module's repository to another's so that both change their
 * rows together. Only `infrastructure/` can look inside.
 */
export interface Transaction {
  readonly [transaction]: never;
}

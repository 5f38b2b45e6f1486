import type { DataSource, EntitySchema, ObjectLiteral } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';

/**
 * The columns of an entity for a statement written by hand, where a call is made often: a statement that TypeORM
 * builds costs a multiple of it.
 */
export class Columns<T extends ObjectLiteral> {
  private readonly columns: readonly ColumnMetadata[];
  private readonly prototype: object;

  constructor(
    private readonly dataSource: DataSource,
    schema: EntitySchema<T>,
  ) {
    const metadata = dataSource.getMetadata(schema);
    this.columns = metadata.columns;
    this.prototype = (metadata.target as { prototype: object }).prototype;
  }

  /** The names of the columns, comma-separated. */
  get names(): string {
    return this.columns.map(({ databaseName }) => databaseName).join(', ');
  }

  /** The same of a table that has this name in the statement. */
  namesIn(table: string): string {
    return this.columns.map(({ databaseName }) => `${table}.${databaseName}`).join(', ');
  }

  /** A row as JSON has it, for `jsonb_populate_recordset`. */
  rowOf(entity: T): Record<string, unknown> {
    const row: Record<string, unknown> = {};
    for (const column of this.columns) {
      const value: unknown = column.getEntityValue(entity);
      row[column.databaseName] = Buffer.isBuffer(value) ? `\\x${value.toString('hex')}` : value;
    }
    return row;
  }

  /** An entity from a row with these columns and perhaps others. */
  entityOf(row: Record<string, unknown>): T {
    const entity = Object.create(this.prototype) as T;
    for (const column of this.columns) {
      const value: unknown = this.dataSource.driver.prepareHydratedValue(row[column.databaseName], column);
      column.setEntityValue(entity, value);
    }
    return entity;
  }
}

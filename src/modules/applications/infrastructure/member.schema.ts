import { EntitySchema } from 'typeorm';
import { Member } from '../domain/member.js';

/** Maps the entity from outside, so that it stays free of decorators. */
export const memberSchema = new EntitySchema<Member>({
  name: 'Member',
  target: Member,
  tableName: 'application_members',
  columns: {
    id: { type: 'uuid', primary: true },
    applicationId: { type: 'uuid', name: 'application_id' },
    issuer: { type: 'text' },
    subject: { type: 'text' },
    role: { type: 'text' },
    createdAt: { type: 'timestamptz', precision: 3, name: 'created_at' },
    updatedAt: { type: 'timestamptz', precision: 3, name: 'updated_at' },
  },
  foreignKeys: [
    {
      name: 'application_members_application',
      target: 'Application',
      columnNames: ['applicationId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  uniques: [{ name: 'application_members_once', columns: ['applicationId', 'issuer', 'subject'] }],
  checks: [
    { name: 'application_members_role', expression: `role IN ('owner', 'admin', 'viewer')` },
    { name: 'application_members_person', expression: `issuer <> '' AND subject <> ''` },
  ],
  indices: [
    {
      name: 'application_members_of_person',
      columns: ['issuer', 'subject', 'applicationId'],
      synchronize: false,
    },
  ],
});

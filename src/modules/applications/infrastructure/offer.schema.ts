import { EntitySchema } from 'typeorm';
import { Offer } from '../domain/offer.js';

export const offerSchema = new EntitySchema<Offer>({
  name: 'Offer',
  target: Offer,
  tableName: 'application_offers',
  columns: {
    id: { type: 'uuid', primary: true },
    applicationId: { type: 'uuid', name: 'application_id' },
    kind: { type: 'text' },
    role: { type: 'text' },
    issuer: { type: 'text' },
    subject: { type: 'text' },
    createdByIssuer: { type: 'text', name: 'created_by_issuer' },
    createdBySubject: { type: 'text', name: 'created_by_subject' },
    createdAt: { type: 'timestamptz', precision: 3, name: 'created_at' },
    expiresAt: { type: 'timestamptz', precision: 3, name: 'expires_at' },
  },
  foreignKeys: [
    {
      name: 'application_offers_application',
      target: 'Application',
      columnNames: ['applicationId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
  uniques: [{ name: 'application_offers_once', columns: ['applicationId', 'issuer', 'subject'] }],
  checks: [
    {
      name: 'application_offers_terms',
      expression: `kind = 'membership' AND role IN ('owner', 'admin', 'viewer') OR kind = 'transfer' AND role = 'owner'`,
    },
    { name: 'application_offers_receiver', expression: `issuer <> '' AND subject <> ''` },
    { name: 'application_offers_expiry', expression: 'expires_at > created_at' },
  ],
  indices: [
    { name: 'application_offers_to_person', columns: ['issuer', 'subject', 'id'], synchronize: false },
    { name: 'application_offers_expires_at', columns: ['expiresAt'] },
  ],
});

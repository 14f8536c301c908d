/** The attributes of a contact that commands may read. */

/**
 * Attributes that may contain the contact id. The vendor does not document the name of its attribute. Except for `blocked --details` and
 * `preflight --attributes`, commands read no other attributes of an item.
 */
export const contactIdAttributes = [
  "ContactId",
  "ContactID",
  "contactId",
  "contact_id",
  "InitialContactId",
  "initialContactId",
];

/** The attributes of a contact that commands may read. */

/**
 * Attributes that may contain the contact id. Commands read no other attributes of an item. The vendor does not document
 * the name of its attribute.
 */
export const contactIdAttributes = [
  "ContactId",
  "ContactID",
  "contactId",
  "contact_id",
  "InitialContactId",
  "initialContactId",
];

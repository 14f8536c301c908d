/** The attributes of a contact that commands may read. */

/**
 * Attributes that may contain the contact id. Commands read no other attributes of an item. The vendor does not document which one it
 * uses.
 */
export const contactIdAttributes = [
  "ContactId",
  "ContactID",
  "contactId",
  "contact_id",
  "InitialContactId",
  "initialContactId",
];

/** The only attributes that a command may read of a contact. */

/**
 * Attributes that may hold a contact's id. Items are asked for these alone, so that nothing else of a contact is read; the vendor does not
 * document which it uses.
 */
export const contactIdAttributes = [
  "ContactId",
  "ContactID",
  "contactId",
  "contact_id",
  "InitialContactId",
  "initialContactId",
];

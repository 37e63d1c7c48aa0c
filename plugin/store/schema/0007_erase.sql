-- Statements whose person's part was erased, and what stays of it: what each redemption had come to, without whose it
-- was. Like parts it stands beside the statement; it is no projection.
CREATE TABLE erased (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL CHECK (length(d) = 32),
  residue BLOB NOT NULL,
  PRIMARY KEY (merchant, d)
) STRICT, WITHOUT ROWID;
-- NULL: decided by its links and its customer. Else what was decided of those before the person was erased: 0, or why not.
ALTER TABLE redemption ADD COLUMN frozen INTEGER;
-- A record's rows are found by it.
CREATE INDEX link_d ON link (merchant, d);
CREATE INDEX sale_reference_d ON sale_reference (merchant, d);

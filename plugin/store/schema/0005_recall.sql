-- A sale is found by its id, or by what stands for the host's own reference: a keyed hash of it.
CREATE INDEX sale_id ON sale (merchant, sale);
CREATE TABLE sale_reference (
  merchant BLOB NOT NULL,
  handle BLOB NOT NULL CHECK (length(handle) = 32),
  d BLOB NOT NULL,
  PRIMARY KEY (merchant, handle, d)
) STRICT, WITHOUT ROWID;

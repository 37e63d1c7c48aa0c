-- What is served to others: tokens of those who may read, kept as hashes alone; whose turn it is to give
-- waiting leaves their places; and how many witnesses' lines stand in a checkpoint's note.
CREATE TABLE token (
  merchant BLOB NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  role INTEGER NOT NULL,
  parts INTEGER NOT NULL,
  label TEXT NOT NULL,
  funder TEXT NOT NULL,
  issued_ms INTEGER NOT NULL,
  until_ms INTEGER,
  revoked_ms INTEGER,
  PRIMARY KEY (merchant, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE sequencer (
  merchant BLOB NOT NULL,
  owner BLOB NOT NULL CHECK (length(owner) = 16),
  fence INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant)
) STRICT, WITHOUT ROWID;
ALTER TABLE checkpoint ADD COLUMN witnesses INTEGER NOT NULL DEFAULT 0;
CREATE INDEX checkpoint_witnessed ON checkpoint (merchant, size) WHERE witnesses > 0;

-- Tills' enrolments, one an epoch: when its key signs, and from which seq on what it signed is disputed.
CREATE TABLE tenure (
  merchant BLOB NOT NULL,
  till TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  state INTEGER NOT NULL,
  from_seq INTEGER,
  terminal BLOB,
  PRIMARY KEY (merchant, till, epoch)
) STRICT, WITHOUT ROWID;
-- What the merchant said of single records.
CREATE TABLE ruling (
  merchant BLOB NOT NULL,
  record BLOB NOT NULL CHECK (length(record) = 32),
  d BLOB NOT NULL,
  time_ms INTEGER NOT NULL,
  verdict INTEGER NOT NULL,
  PRIMARY KEY (merchant, record, d)
) STRICT, WITHOUT ROWID;
ALTER TABLE record ADD COLUMN dispute INTEGER NOT NULL DEFAULT 0;
CREATE INDEX record_dispute ON record (merchant, till, epoch, seq) WHERE dispute <> 0;
ALTER TABLE sale ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reversal ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE link ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE lease_back ADD COLUMN disputed INTEGER NOT NULL DEFAULT 0;
CREATE INDEX link_statement ON link (merchant, d);
-- Why a redemption takes part in no contest whatever becomes of its sale; 0: nothing, or not known apart from its stage.
ALTER TABLE redemption ADD COLUMN barred INTEGER NOT NULL DEFAULT 0;
-- Codes by which a new till may enrol, once; and wrong ones that were tried (short memory).
CREATE TABLE invite (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL CHECK (length(d) = 32),
  till TEXT NOT NULL,
  store TEXT NOT NULL,
  code_key BLOB NOT NULL CHECK (length(code_key) = 32),
  time_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  used BLOB,
  PRIMARY KEY (merchant, d)
) STRICT, WITHOUT ROWID;
CREATE INDEX invite_till ON invite (merchant, till, time_ms);
CREATE TABLE enrol_miss (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  merchant BLOB NOT NULL,
  till TEXT NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX enrol_miss_time ON enrol_miss (merchant, time_ms);

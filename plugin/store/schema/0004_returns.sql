-- What reverses take back: of each line, of each redemption, and what that makes of either.
ALTER TABLE reversal ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reversal ADD COLUMN seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reversal ADD COLUMN currency TEXT NOT NULL DEFAULT '';
ALTER TABLE reversal ADD COLUMN outcome INTEGER NOT NULL DEFAULT 0;
ALTER TABLE reversal ADD COLUMN conflict INTEGER NOT NULL DEFAULT 0;
CREATE TABLE reversal_line (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  number INTEGER NOT NULL,
  quantity INTEGER NOT NULL,
  PRIMARY KEY (merchant, d, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE reversal_share (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  place INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  cashback INTEGER NOT NULL,
  PRIMARY KEY (merchant, d, place)
) STRICT, WITHOUT ROWID;
ALTER TABLE redemption ADD COLUMN back_discount INTEGER NOT NULL DEFAULT 0;
ALTER TABLE redemption ADD COLUMN back_cashback INTEGER NOT NULL DEFAULT 0;
ALTER TABLE redemption ADD COLUMN revived INTEGER NOT NULL DEFAULT 0;

-- Codes that stand for a coupon for a few minutes, and wrong ones that were tried. Short memory, too.
CREATE TABLE pickup (
  merchant BLOB NOT NULL,
  code TEXT NOT NULL CHECK (length(code) = 9),
  coupon BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX pickup_until ON pickup (merchant, until_ms);
CREATE TABLE pickup_miss (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  merchant BLOB NOT NULL,
  till TEXT NOT NULL,
  time_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX pickup_miss_time ON pickup_miss (merchant, time_ms);

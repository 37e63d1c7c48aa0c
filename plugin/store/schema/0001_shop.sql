-- Statements as received, and their parts apart so that a person's can be erased.
CREATE TABLE statement (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  merchant BLOB NOT NULL,
  d BLOB NOT NULL CHECK (length(d) = 32),
  kind INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  raw BLOB NOT NULL,
  UNIQUE (merchant, d)
) STRICT;
CREATE INDEX statement_kind ON statement (merchant, kind, n);
CREATE TABLE part (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  which INTEGER NOT NULL CHECK (which IN (1, 2)),
  content BLOB NOT NULL,
  PRIMARY KEY (merchant, d, which)
) STRICT, WITHOUT ROWID;

-- Projections: a function of the statements above.
CREATE TABLE till (
  merchant BLOB NOT NULL,
  name TEXT NOT NULL,
  store TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  terminal BLOB NOT NULL,
  head_epoch INTEGER NOT NULL,
  head_seq INTEGER NOT NULL,
  head_d BLOB NOT NULL,
  quarantined INTEGER NOT NULL,
  PRIMARY KEY (merchant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE record (
  merchant BLOB NOT NULL,
  till TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  d BLOB NOT NULL,
  prev BLOB NOT NULL,
  PRIMARY KEY (merchant, till, epoch, seq, d)
) STRICT, WITHOUT ROWID;
CREATE TABLE offer (
  merchant BLOB NOT NULL,
  ref BLOB NOT NULL CHECK (length(ref) = 8),
  version INTEGER NOT NULL,
  id TEXT NOT NULL,
  d BLOB NOT NULL,
  PRIMARY KEY (merchant, ref, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE batch (
  merchant BLOB NOT NULL,
  number INTEGER NOT NULL CHECK (number BETWEEN 1 AND 4294967295),
  offer BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL CHECK (last >= first),
  exp INTEGER NOT NULL,
  channel TEXT NOT NULL,
  campaign TEXT NOT NULL,
  PRIMARY KEY (merchant, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE link (
  merchant BLOB NOT NULL,
  card BLOB NOT NULL CHECK (length(card) = 32),
  offer BLOB NOT NULL,
  d BLOB NOT NULL,
  op INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  till TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  channel TEXT NOT NULL,
  campaign TEXT NOT NULL,
  customer TEXT NOT NULL,
  PRIMARY KEY (merchant, card, offer, d)
) STRICT, WITHOUT ROWID;
CREATE TABLE sale (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  sale BLOB NOT NULL,
  till TEXT NOT NULL,
  store TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  rev INTEGER NOT NULL,
  currency TEXT NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  net INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  due INTEGER NOT NULL,
  cashback INTEGER NOT NULL,
  voided INTEGER NOT NULL,
  PRIMARY KEY (merchant, d)
) STRICT, WITHOUT ROWID;
CREATE INDEX sale_time ON sale (merchant, time_ms, till, epoch, seq);
CREATE TABLE redemption (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  place INTEGER NOT NULL,
  offer BLOB NOT NULL,
  version INTEGER NOT NULL,
  batch INTEGER,
  idx INTEGER,
  card BLOB,
  grant_no INTEGER,
  granted INTEGER NOT NULL,
  basis INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  cashback INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  conflict INTEGER NOT NULL,
  slot INTEGER,
  channel TEXT NOT NULL,
  campaign TEXT NOT NULL,
  PRIMARY KEY (merchant, d, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX redemption_coupon ON redemption (merchant, batch, idx) WHERE batch IS NOT NULL;
CREATE INDEX redemption_card ON redemption (merchant, card) WHERE card IS NOT NULL;
-- The guard: one use of a coupon is won by one redemption.
CREATE UNIQUE INDEX redemption_slot ON redemption (merchant, batch, idx, slot) WHERE slot IS NOT NULL AND batch IS NOT NULL;
CREATE TABLE reversal (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  commit_d BLOB NOT NULL,
  till TEXT NOT NULL,
  op INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  gross INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  net INTEGER NOT NULL,
  tax INTEGER NOT NULL,
  due INTEGER NOT NULL,
  PRIMARY KEY (merchant, d)
) STRICT, WITHOUT ROWID;
CREATE INDEX reversal_commit ON reversal (merchant, commit_d);

-- The short memory: what is held, what was answered.
CREATE TABLE reservation (
  merchant BLOB NOT NULL,
  batch INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  slot INTEGER NOT NULL,
  sale BLOB NOT NULL,
  offer BLOB NOT NULL,
  till TEXT NOT NULL,
  number INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant, batch, idx, slot)
) STRICT, WITHOUT ROWID;
CREATE INDEX reservation_sale ON reservation (merchant, sale);
CREATE INDEX reservation_until ON reservation (merchant, until_ms);
CREATE TABLE revision (
  merchant BLOB NOT NULL,
  sale BLOB NOT NULL,
  rev INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  PRIMARY KEY (merchant, sale)
) STRICT, WITHOUT ROWID;
CREATE TABLE answer (
  merchant BLOB NOT NULL,
  id BLOB NOT NULL,
  d BLOB NOT NULL,
  content BLOB NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_until ON answer (merchant, until_ms);
CREATE TABLE counter (
  merchant BLOB NOT NULL,
  name TEXT NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY (merchant, name)
) STRICT, WITHOUT ROWID;

-- History: what tills are told, in order of becoming known.
CREATE TABLE outcome (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  merchant BLOB NOT NULL,
  till TEXT NOT NULL,
  commit_d BLOB NOT NULL,
  place INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  amount INTEGER NOT NULL
) STRICT;
CREATE INDEX outcome_till ON outcome (merchant, till, n);

-- On SQLite alone: rows in the order in which they come, found by a small index, where they were kept in the order of a
-- hash. A commit writes to the ends of these tables, whatever is stored, and their other indexes name a row by its number.
ALTER TABLE part RENAME TO part_before;
CREATE TABLE part (
  merchant BLOB NOT NULL,
  d BLOB NOT NULL,
  which INTEGER NOT NULL CHECK (which IN (1, 2)),
  content BLOB NOT NULL
) STRICT;
INSERT INTO part SELECT p.merchant, p.d, p.which, p.content FROM statement s JOIN part_before p
  ON p.merchant = s.merchant AND p.d = s.d ORDER BY s.n, p.which;
DROP TABLE part_before;
CREATE UNIQUE INDEX part_key ON part (merchant, d, which);

ALTER TABLE sale RENAME TO sale_before;
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
  disputed INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO sale SELECT merchant, d, sale, till, store, epoch, seq, time_ms, rev, currency, gross, discount, net, tax, due,
  cashback, voided, disputed FROM sale_before ORDER BY time_ms, till, epoch, seq, d;
DROP TABLE sale_before;
CREATE UNIQUE INDEX sale_key ON sale (merchant, d);
CREATE INDEX sale_time ON sale (merchant, time_ms, till, epoch, seq);
CREATE INDEX sale_id ON sale (merchant, sale);

ALTER TABLE redemption RENAME TO redemption_before;
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
  rank BLOB NOT NULL DEFAULT x'',
  stage INTEGER NOT NULL DEFAULT 0,
  customer BLOB,
  limited INTEGER NOT NULL DEFAULT 0,
  back_discount INTEGER NOT NULL DEFAULT 0,
  back_cashback INTEGER NOT NULL DEFAULT 0,
  revived INTEGER NOT NULL DEFAULT 0,
  frozen INTEGER,
  lease INTEGER,
  most INTEGER NOT NULL DEFAULT 0,
  barred INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO redemption SELECT merchant, d, place, offer, version, batch, idx, card, grant_no, granted, basis, discount,
  cashback, outcome, conflict, slot, channel, campaign, rank, stage, customer, limited, back_discount, back_cashback,
  revived, frozen, lease, most, barred FROM redemption_before ORDER BY rank;
DROP TABLE redemption_before;
CREATE UNIQUE INDEX redemption_key ON redemption (merchant, d, place);
CREATE INDEX redemption_coupon ON redemption (merchant, batch, idx) WHERE batch IS NOT NULL;
CREATE INDEX redemption_card ON redemption (merchant, card) WHERE card IS NOT NULL;
CREATE UNIQUE INDEX redemption_slot ON redemption (merchant, batch, idx, slot) WHERE slot IS NOT NULL AND batch IS NOT NULL;
CREATE INDEX redemption_offer ON redemption (merchant, offer, rank);
CREATE INDEX coupon_won ON redemption (merchant, batch, idx, rank) WHERE stage >= 2;
CREATE INDEX coupon_lost ON redemption (merchant, batch, idx, rank) WHERE stage = 1;
CREATE INDEX customer_won ON redemption (merchant, offer, customer, rank) WHERE customer IS NOT NULL AND stage >= 3;
CREATE INDEX customer_lost ON redemption (merchant, offer, customer, rank) WHERE customer IS NOT NULL AND stage = 2;
CREATE INDEX total_won ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage >= 4;
CREATE INDEX total_lost ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 3;
CREATE INDEX budget_won ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 5;
CREATE INDEX budget_lost ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 4;
CREATE INDEX redemption_lease ON redemption (merchant, lease) WHERE lease IS NOT NULL;

-- Limits: who has used an offer, how often, and what it has paid. rank, as text of fixed widths, orders a contest's
-- redemptions; stage is how far one came: 1 to 4 lost at that contest, 5 won, 0 and below took part in none.
ALTER TABLE redemption ADD COLUMN rank BLOB NOT NULL DEFAULT x'';
ALTER TABLE redemption ADD COLUMN stage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE redemption ADD COLUMN customer BLOB;
ALTER TABLE redemption ADD COLUMN limited INTEGER NOT NULL DEFAULT 0;
-- What was decided before: words are their codes: 10 already_used, 33 conflict.
UPDATE redemption SET
  rank = CAST(printf('%d%019d', grant_no IS NULL, coalesce(grant_no, 0)) || (
    SELECT printf('%015d%s!%019d%019d', s.time_ms, s.till, s.epoch, s.seq) FROM sale s
    WHERE s.merchant = redemption.merchant AND s.d = redemption.d) || lower(hex(d)) || printf('%03d', place) AS BLOB),
  stage = CASE WHEN slot IS NOT NULL THEN 5 WHEN batch IS NOT NULL AND outcome = 10 THEN 1
    WHEN card IS NOT NULL AND outcome IN (0, 33) THEN 5 ELSE -outcome END;
UPDATE redemption SET slot = NULL WHERE slot IS NOT NULL AND EXISTS (
  SELECT 1 FROM redemption other WHERE other.merchant = redemption.merchant AND other.batch = redemption.batch
  AND other.idx = redemption.idx AND other.slot > 0);

-- Each contest asks for its last winner and its first loser.
CREATE INDEX redemption_offer ON redemption (merchant, offer, rank);
CREATE INDEX coupon_won ON redemption (merchant, batch, idx, rank) WHERE stage >= 2;
CREATE INDEX coupon_lost ON redemption (merchant, batch, idx, rank) WHERE stage = 1;
CREATE INDEX customer_won ON redemption (merchant, offer, customer, rank) WHERE customer IS NOT NULL AND stage >= 3;
CREATE INDEX customer_lost ON redemption (merchant, offer, customer, rank) WHERE customer IS NOT NULL AND stage = 2;
CREATE INDEX total_won ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage >= 4;
CREATE INDEX total_lost ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 3;
CREATE INDEX budget_won ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 5;
CREATE INDEX budget_lost ON redemption (merchant, offer, rank) WHERE limited = 1 AND stage = 4;

-- Sums over them, kept so that no hold and no commit has to count.
CREATE TABLE tally (
  merchant BLOB NOT NULL,
  offer BLOB NOT NULL,
  uses INTEGER NOT NULL,
  spent INTEGER NOT NULL,
  PRIMARY KEY (merchant, offer)
) STRICT, WITHOUT ROWID;

-- Who took part in which sale: handles of cards, keys of customers. Before this version only cards that redeemed something
-- are known.
CREATE TABLE visit (
  merchant BLOB NOT NULL,
  who BLOB NOT NULL CHECK (length(who) = 32),
  d BLOB NOT NULL,
  main INTEGER NOT NULL,
  PRIMARY KEY (merchant, who, d)
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_sale ON visit (merchant, d, main);
INSERT OR IGNORE INTO visit SELECT merchant, card, d, 0 FROM redemption WHERE card IS NOT NULL;
CREATE INDEX link_customer ON link (merchant, customer) WHERE customer <> '';

-- Offers that need neither coupon nor card, in their newest version.
CREATE TABLE automatic (
  merchant BLOB NOT NULL,
  ref BLOB NOT NULL CHECK (length(ref) = 8),
  version INTEGER NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant, ref)
) STRICT, WITHOUT ROWID;

-- Short memory, too: what a hold keeps of a limited offer for its sale.
CREATE TABLE claim (
  merchant BLOB NOT NULL,
  sale BLOB NOT NULL,
  offer BLOB NOT NULL,
  customer BLOB,
  fresh INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  till TEXT NOT NULL,
  number INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  PRIMARY KEY (merchant, sale, offer)
) STRICT, WITHOUT ROWID;
CREATE INDEX claim_offer ON claim (merchant, offer, amount);
CREATE INDEX claim_customer ON claim (merchant, customer, offer) WHERE customer IS NOT NULL;
CREATE INDEX claim_until ON claim (merchant, until_ms);

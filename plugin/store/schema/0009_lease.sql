-- What tills may spend without asking. A lease's row says what was given and what the records made of it: `left` is what is
-- still the till's, and is kept for it; it is open while that is not nothing, and spent no more once it is given back.
CREATE TABLE lease (
  merchant BLOB NOT NULL,
  number INTEGER NOT NULL,
  d BLOB NOT NULL CHECK (length(d) = 32),
  till TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  offer BLOB NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  uses INTEGER,
  amount INTEGER,
  batch INTEGER,
  first INTEGER,
  last INTEGER,
  left_uses INTEGER NOT NULL CHECK (left_uses >= 0),
  left_amount INTEGER NOT NULL CHECK (left_amount >= 0),
  given_back INTEGER NOT NULL,
  open INTEGER NOT NULL,
  PRIMARY KEY (merchant, number),
  UNIQUE (merchant, d)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_offer ON lease (merchant, offer, left_uses, left_amount) WHERE open = 1;
CREATE INDEX lease_till ON lease (merchant, till, number) WHERE open = 1;
CREATE INDEX lease_batch ON lease (merchant, batch, first) WHERE batch IS NOT NULL AND open = 1;

-- Lease-returns (of a till, at a place of its chain) and write-offs (epoch and seq 0), whether their lease is known or not.
CREATE TABLE lease_back (
  merchant BLOB NOT NULL,
  lease BLOB NOT NULL CHECK (length(lease) = 32),
  d BLOB NOT NULL CHECK (length(d) = 32),
  till TEXT NOT NULL,
  written_off INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  uses INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (merchant, lease, d)
) STRICT, WITHOUT ROWID;

-- The lease that a redemption names, and what it may give while that covers it.
ALTER TABLE redemption ADD COLUMN lease INTEGER;
ALTER TABLE redemption ADD COLUMN most INTEGER NOT NULL DEFAULT 0;
CREATE INDEX redemption_lease ON redemption (merchant, lease) WHERE lease IS NOT NULL;
-- A hold that draws on the till's own lease claims of that, and of nothing else.
ALTER TABLE claim ADD COLUMN lease INTEGER;
CREATE INDEX claim_pool ON claim (merchant, offer, amount) WHERE lease IS NULL;
CREATE INDEX claim_lease ON claim (merchant, lease) WHERE lease IS NOT NULL;
-- Coupons that are for one till alone.
ALTER TABLE batch ADD COLUMN till TEXT NOT NULL DEFAULT '';
CREATE INDEX batch_till ON batch (merchant, till, number) WHERE till <> '';

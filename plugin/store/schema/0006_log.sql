-- The log: accepted statements that wait for their leaf, leaves in their order, the tree's complete nodes, and the
-- checkpoints that were signed. Order is history: nothing here is a projection.
CREATE TABLE leaf_queue (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  merchant BLOB NOT NULL,
  d BLOB NOT NULL CHECK (length(d) = 32)
) STRICT;
CREATE INDEX leaf_queue_merchant ON leaf_queue (merchant, n);
CREATE TABLE leaf (
  merchant BLOB NOT NULL,
  idx INTEGER NOT NULL CHECK (idx >= 0),
  d BLOB NOT NULL CHECK (length(d) = 32),
  entry BLOB NOT NULL CHECK (length(entry) = 32),
  PRIMARY KEY (merchant, idx),
  UNIQUE (merchant, d)
) STRICT, WITHOUT ROWID;
CREATE TABLE node (
  merchant BLOB NOT NULL,
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (merchant, level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE checkpoint (
  merchant BLOB NOT NULL,
  size INTEGER NOT NULL CHECK (size > 0),
  time_ms INTEGER NOT NULL,
  root BLOB NOT NULL CHECK (length(root) = 32),
  raw BLOB NOT NULL,
  note BLOB NOT NULL,
  PRIMARY KEY (merchant, size)
) STRICT, WITHOUT ROWID;
-- What was accepted before there was a log goes into it first, in its order.
INSERT INTO leaf_queue (merchant, d) SELECT merchant, d FROM statement ORDER BY n;

-- The keys of parked lists by hash (ADR 0009). A plan asks whether a key is parked, and a page which list of a key comes before
-- another: each is one look into this index, however many lists are parked.

-- Two keys of one hash wait for each other, which costs time and no order. A key may be longer than an index row holds.
CREATE FUNCTION parked_key_hash(partition TEXT, key TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
  'SELECT hashtextextended(key, hashtextextended(partition, 0))';

CREATE TABLE intake_parked_keys (
  key_hash BIGINT NOT NULL,
  -- Of the parked list that has the key.
  seq BIGINT NOT NULL,
  PRIMARY KEY (key_hash, seq)
);

-- Workers of the version before write and delete `intake_parked` alone, beside those of this one. They may run as a user who has no
-- right to the new table yet.
CREATE FUNCTION intake_parked_keys_follow() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO intake_parked_keys SELECT DISTINCT parked_key_hash(NEW.partition, key), NEW.seq FROM unnest(NEW.keys) AS own(key);
  ELSE
    DELETE FROM intake_parked_keys
    WHERE seq = OLD.seq AND key_hash = ANY (ARRAY(SELECT parked_key_hash(OLD.partition, key) FROM unnest(OLD.keys) AS own(key)));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER intake_parked_keys_follow AFTER INSERT OR DELETE ON intake_parked
  FOR EACH ROW EXECUTE FUNCTION intake_parked_keys_follow();

-- The trigger's lock is held until the end of this transaction: no list is parked in between.
INSERT INTO intake_parked_keys
  SELECT DISTINCT parked_key_hash(partition, key), seq FROM intake_parked CROSS JOIN unnest(keys) AS own(key);

-- A page goes by bytes too, and reading a list for its size costs as much as reading it. NULL: parked by the version before.
ALTER TABLE intake_parked ADD COLUMN bytes INTEGER;

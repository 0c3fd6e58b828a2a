-- A parked list remembers a list before it that shares a key. While that one is parked, a round asks for none of its keys.
-- NULL: it is parked by a build before, or was behind none.
ALTER TABLE intake_parked ADD COLUMN behind BIGINT;

-- Workers of the build before insert rows too, so a trigger fills it. A value that misses a list makes a round slower, and no list
-- overtake another. A plan that was made while the table was small would sort all of it for each key, so sorting is off.
CREATE FUNCTION intake_parked_behind() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT
  SET enable_sort = off AS $$
BEGIN
  NEW.behind := (
    SELECT max(before.seq) FROM unnest(NEW.keys) AS own(key)
    CROSS JOIN LATERAL (
      SELECT seq FROM intake_parked_keys
      WHERE key_hash = parked_key_hash(NEW.partition, own.key) AND seq < NEW.seq ORDER BY seq DESC LIMIT 1
    ) AS before
  );
  RETURN NEW;
END $$;
CREATE TRIGGER intake_parked_behind BEFORE INSERT ON intake_parked FOR EACH ROW EXECUTE FUNCTION intake_parked_behind();

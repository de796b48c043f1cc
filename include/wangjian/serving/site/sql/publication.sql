-- The publication itself: its own row is the newest.
select publication_id, as_of, published_at, held, content_fingerprint
from audit.publication
order by published_at desc
limit 1

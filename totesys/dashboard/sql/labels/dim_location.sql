select location_id as key, address_line_1 || ', ' || city || ', ' || country as label
from dim_location where location_id = any(:keys)

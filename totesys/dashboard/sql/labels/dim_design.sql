select design_id as key, design_name || ', ' || file_name as label
from dim_design where design_id = any(:keys)

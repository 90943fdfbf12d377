-- The name and the file of each design.
select
    design_id,
    coalesce(nullif(btrim(design_name), ''), 'No name') as item,
    coalesce(nullif(btrim(file_name), ''), 'No file') as file
from dim_design

select
    ${fact_columns}
from ${fact}_current as fact
${joins}

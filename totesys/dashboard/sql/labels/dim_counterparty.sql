select counterparty_id as key, counterparty_legal_name as label
from dim_counterparty where counterparty_id = any(:keys)

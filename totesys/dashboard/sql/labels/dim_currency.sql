select currency_id as key, currency_code as label from dim_currency where currency_id = any(:keys)

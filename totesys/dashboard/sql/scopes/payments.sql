-- The payments that match the filters, in their current state, whenever they are due. A payment has no
-- department, person or design. Receivables are what others owe to the company, payables what it owes.
select
    payment_id as key, payment_date, currency, partner, counterparty_id as partner_id, paid,
    payment_amount as value,
    case
        when payment_type_name in ('SALES_RECEIPT', 'PURCHASE_REFUND') then 'Receivables'
        when payment_type_name in ('PURCHASE_PAYMENT', 'SALES_REFUND') then 'Payables'
        else 'Unknown type'
    end as direction
from fact_payment_current as fact
left join ({currencies}) as currencies using (currency_id)
left join ({partners}) as partners using (counterparty_id)
left join dim_payment_type using (payment_type_id)
where {of_filters}

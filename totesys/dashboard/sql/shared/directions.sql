-- The direction of each payment type. Receivables are what others owe to the company, payables what it owes.
select
    payment_type_id,
    case
        when payment_type_name in ('SALES_RECEIPT', 'PURCHASE_REFUND') then 'Receivables'
        when payment_type_name in ('PURCHASE_PAYMENT', 'SALES_REFUND') then 'Payables'
        else 'Unknown type'
    end as direction
from dim_payment_type

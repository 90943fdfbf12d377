with monthly as (
    select
        date_trunc('month', created_date)::date as month, currency_code,
        count(*) as orders, sum(units_sold) as units, sum(units_sold * unit_price) as revenue
    from ${schema}.fact_sales_order_wide
    group by 1, 2
),
months as (
    select date_id as month
    from ${schema}.dim_date
    where day = 1 and date_id >= (select min(month) from monthly)
        and date_id <= (select max(month) from monthly)
),
currencies as (
    select distinct currency_code from monthly
)
select
    months.month, currencies.currency_code,
    coalesce(monthly.orders, 0) as orders,
    coalesce(monthly.units, 0) as units,
    coalesce(monthly.revenue, 0) as revenue
from months
cross join currencies
left join monthly
    on monthly.month = months.month and monthly.currency_code = currencies.currency_code
order by months.month, currencies.currency_code

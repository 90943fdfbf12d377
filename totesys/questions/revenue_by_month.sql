-- title: How much did we sell each month?
-- why: Revenue by month is the first figure of most reports. Amounts of several currencies cannot
-- be added, so each currency has its own rows.
-- look at: A month far below its neighbours; a month without orders appears with zeros.
-- theme: sales
with daily as (
    select
        created_date, currency_id,
        count(*) as orders, sum(units_sold) as units, sum(units_sold * unit_price) as revenue
    from fact_sales_order_current
    group by created_date, currency_id
),
months as (
    select date_id as month
    from dim_date
    where day = 1
        and date_id >= (select date_trunc('month', min(created_date))::date from daily)
        and date_id <= (select max(created_date) from daily)
),
monthly as (
    select
        date_trunc('month', created_date)::date as month, currency_id,
        sum(orders) as orders, sum(units) as units, sum(revenue) as revenue
    from daily
    group by 1, 2
),
currencies as (
    select distinct currency_id from daily
)
select
    months.month, currency_code,
    coalesce(orders, 0) as orders, coalesce(units, 0) as units, coalesce(revenue, 0) as revenue
from months
cross join currencies
left join monthly
    on monthly.month = months.month and monthly.currency_id = currencies.currency_id
left join dim_currency on dim_currency.currency_id = currencies.currency_id
order by months.month, currency_code

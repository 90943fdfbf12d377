-- title: What has to be delivered in the next seven days, and where to?
-- why: Dispatch plans its week with it. The week begins with the day on which the source was last
-- observed.
-- look at: Days and cities with far more units than others. Edited orders appear with their new
-- day and place.
-- theme: sales
with today as (
    select max(observed_at)::date as day from etl.ledger
)
select
    agreed_delivery_date, agreed_delivery_location_id as location_id,
    agreed_delivery_location_city as city, agreed_delivery_location_country as country,
    count(*) as orders, sum(units_sold) as units
from fact_sales_order_wide
where agreed_delivery_date >= (select day from today)
    and agreed_delivery_date < (select day + interval '7' day from today)
group by
    agreed_delivery_date, agreed_delivery_location_id, agreed_delivery_location_city,
    agreed_delivery_location_country
order by agreed_delivery_date, agreed_delivery_location_id

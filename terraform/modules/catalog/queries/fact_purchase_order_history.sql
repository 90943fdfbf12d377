-- Every version of every row of purchase_order, and from when up to but without when it was valid.
with versions as (
    select
        purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
        staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
        agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, observed_at,
        batch_seq, is_deleted
    from fact_purchase_order
    union all
    -- a deletion whose last values cannot be read has those of the version before it
    select
        purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
        staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
        agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id,
        gone_at, gone_with, true
    from (
        select
            earlier.*, gone.observed_at as gone_at, gone.batch_seq as gone_with,
            row_number() over (
                partition by gone.purchase_order_id, gone.batch_seq order by earlier.batch_seq desc
            ) as back
        from fact_purchase_order_tombstones as gone
        inner join fact_purchase_order as earlier
            on earlier.purchase_order_id = gone.purchase_order_id
            and earlier.batch_seq < gone.batch_seq
    )
    where back = 1
),
valid as (
    -- the row existed since it was made, so its first version is valid from then; every other one
    -- from when it was seen, never earlier than the version before
    select
        *,
        case
            when not is_deleted and version = 1 then least(made_at, observed_at)
            else max(observed_at) over (partition by purchase_order_id order by batch_seq)
        end as valid_from
    from (
        select
            *, row_number() over (partition by purchase_order_id order by batch_seq) as version,
            cast(cast(created_date as varchar) || ' ' || created_time as timestamp) as made_at
        from versions
    )
),
fact_purchase_order_history as (
    select
        purchase_order_id, created_date, created_time, last_updated_date, last_updated_time,
        staff_id, counterparty_id, item_code, item_quantity, item_unit_price, currency_id,
        agreed_delivery_date, agreed_payment_date, agreed_delivery_location_id, observed_at,
        batch_seq, is_deleted,
        version, valid_from,
        lead(valid_from) over (partition by purchase_order_id order by batch_seq) as valid_to,
        lead(batch_seq) over (partition by purchase_order_id order by batch_seq) is null as is_current
    from valid
)
select * from fact_purchase_order_history

-- Every version of every row of ${of}, valid from valid_from up to, but not including, valid_to.
${versions},
${valid},
${fact}_history as (
    select
        ${columns},
        version, valid_from,
        lead(valid_from) over (partition by ${key} order by batch_seq, change_seq) as valid_to,
        lead(batch_seq) over (partition by ${key} order by batch_seq, change_seq) is null as is_current
    from valid
)
select * from ${fact}_history

-- Whether a payment of a scope is overdue (docs/glossary.md).
(not paid and payment_date < :today)

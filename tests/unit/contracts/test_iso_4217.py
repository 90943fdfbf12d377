"""The list of currencies is the standard's, held against a library that follows it."""

import iso4217

import contracts


def test_every_current_currency_is_named_as_the_standard_names_it():
    listed = contracts.reference("iso_4217")
    standard = {currency.code: currency.currency_name for currency in iso4217.Currency}
    assert {code: listed.get(code) for code in standard} == standard

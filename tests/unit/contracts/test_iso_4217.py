"""The list of currencies agrees with a library that follows the standard."""

import iso4217

import contracts


def test_every_current_currency_has_the_name_of_the_standard():
    names = contracts.reference("iso_4217")
    standard = {currency.code: currency.currency_name for currency in iso4217.Currency}
    assert {code: names.get(code) for code in standard} == standard

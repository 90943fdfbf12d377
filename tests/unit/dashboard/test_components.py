from dashboard.components import Column, table_html


def test_values_titles_and_caption_of_a_table_are_escaped():
    html = table_html([Column("name", "<Name>")], [{"name": "<script>O'Keefe & Sons"}], 'a "b"')
    assert "<script>" not in html
    assert "&lt;script&gt;O&#x27;Keefe &amp; Sons" in html
    assert "&lt;Name&gt;" in html
    assert 'aria-label="a &quot;b&quot;"' in html


def test_numbers_are_formatted_and_aligned_to_the_right():
    html = table_html([Column("n", "N", lambda n: f"{n:,}", is_number=True)], [{"n": 1234}], "")
    assert '<td class="number">1,234</td>' in html

"""Each job has a session of its own, so that its settings are those of no other job."""

from concurrent.futures import ThreadPoolExecutor

from pyspark.sql import SparkSession

from embedded.server.sessions import own_session

SETTING = "spark.sql.codegen.wholeStage"


def test_settings_of_a_job_are_not_those_of_another(spark: SparkSession):
    dimensions, facts = own_session(spark, "dimensions"), own_session(spark, "facts")
    dimensions.conf.set(SETTING, "false")
    facts.conf.set(SETTING, "true")

    assert dimensions.conf.get(SETTING) == "false"
    assert dimensions.sparkContext is facts.sparkContext is spark.sparkContext


def test_job_has_the_same_session_in_each_run(spark: SparkSession):
    assert own_session(spark, "facts") is own_session(spark, "facts")


def test_thread_of_a_job_parses_text_in_its_session(spark: SparkSession):
    def in_its_thread() -> bool:
        session = own_session(spark, "facts")
        jvm, java = session._jvm, session._jsparkSession
        active = jvm.SparkSession.getActiveSession().get()  # type: ignore[union-attr]
        return bool(active.equals(java))

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(in_its_thread).result()

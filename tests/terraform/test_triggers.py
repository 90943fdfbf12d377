import re

FIRST, SECOND = (
    f"module.workflow.aws_glue_trigger.{trigger}" for trigger in ("event", "conditional")
)


def test_triggers_of_the_workflow_are_created_one_after_the_other(ready):
    # Glue refuses a concurrent second trigger: terraform-provider-aws#21759
    edges = re.findall(r'"(\S+)" -> "(\S+)"', ready("dev")("graph").stdout)
    assert (SECOND, FIRST) in edges

import re

FIRST, SECOND = (
    f"module.platform.module.workflow.aws_glue_trigger.{trigger}"
    for trigger in ("event", "conditional")
)


def test_glue_is_never_asked_for_two_triggers_of_the_workflow_at_once(ready):
    # it refuses the second: terraform-provider-aws#21759
    arrows = re.findall(r'"(\S+)" -> "(\S+)"', ready("dev")("graph").stdout)
    assert (SECOND, FIRST) in arrows

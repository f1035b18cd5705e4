"""The page of how good estimates are: median and worst tenth by model, for staff."""

from decimal import Decimal

from gallery.models import Call
from tests.factory import GPT, make_call, make_generation

from .reading import read


def test_errors_are_shown_by_model(browse, staff, project):
    for truth in ("0.10", "0.10", "0.20"):
        made = make_generation(project=project, wanted=2, estimated_usd=Decimal("0.22"))
        make_call(made, Call.Status.ANSWERED, cost_usd=Decimal(truth), pictures=1)
    make_call(make_generation(project=project, estimated_usd=1), Call.Status.ANSWERED, pictures=1)
    response = browse(staff).get("/admin/usage/estimates/")
    [line] = response.context["lines"]
    assert (line[0], line[1], line[2], line[3]) == (GPT, 3, 10, Decimal("38"))
    assert "10.0 %" in read(response).text


def test_it_is_for_staff_and_says_when_there_is_nothing(browse, staff, editor, db):
    assert browse(editor).get("/admin/usage/estimates/").status_code == 302
    assert "No answer to compare yet" in browse(staff).get("/admin/usage/estimates/").content.decode()

"""The call's door over HTTP, where the media is on this box: it is not for such calls."""
import pytest


def deed(anybody, path, **body):
    reply = anybody.post(f"/api/v1/call/{path}", json=body)
    return reply.status_code, reply.json()


@pytest.mark.parametrize("path, more", [("door", {}), ("look", {}), ("act", {"action": "lock"})])
def test_only_for_calls_that_are_elsewhere(anybody, teacher, path, more):
    token = teacher.join(teacher.session())
    assert deed(anybody, path, token=token, **more) == (409, {"detail": "The provider of this session cannot do that"})
    assert deed(anybody, path, token=token + "x", **more) == (401, {"detail": "This join link is not valid any more"})
    assert deed(anybody, path, **more)[0] == 422
